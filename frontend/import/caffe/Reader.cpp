#include "frontend/import/caffe/Reader.h"

#include "runtime/Error.h"
#include "runtime/File.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>
#include <map>

namespace fovea::caffe {

namespace {

namespace pb = google::protobuf;

/// Keeps the first error.
class FirstError : public pb::io::ErrorCollector {
public:
  std::string text;
  void AddError(int line, int column, const std::string &message) override {
    if (text.empty())
      text = std::to_string(line + 1) + ":" + std::to_string(column + 1) + ": " + message;
  }
  void AddWarning(int, int, const std::string &) override {} // Fields that do not change what is computed.
};

template <typename Message> Message readText(const std::string &path) {
  const std::vector<uint8_t> bytes = readFile(path, uint64_t(1) << 28);
  Message message;
  FirstError errors;
  pb::TextFormat::Parser parser;
  parser.AllowUnknownField(true);
  parser.SetRecursionLimit(64);
  parser.RecordErrorsTo(&errors);
  if (!parser.ParseFromString(std::string(bytes.begin(), bytes.end()), &message) || !errors.text.empty())
    throw Error(path + ":" + (errors.text.empty() ? " is not Caffe's text format" : errors.text));
  return message;
}

NetParameter readBinary(const std::string &path) {
  const std::vector<uint8_t> bytes = readFile(path, (uint64_t(1) << 31) - 1);
  NetParameter network;
  pb::io::ArrayInputStream stream(bytes.data(), int(bytes.size()));
  pb::io::CodedInputStream coded(&stream);
  coded.SetRecursionLimit(64);
  if (!network.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage())
    throw Error(path + ": is not a caffemodel, or is damaged near byte " + std::to_string(coded.CurrentPosition()));
  return network;
}

using V1 = V1LayerParameter;
const std::map<V1::LayerType, const char *> typeNames = {{V1::ACCURACY, "Accuracy"},
                                                         {V1::CONCAT, "Concat"},
                                                         {V1::CONVOLUTION, "Convolution"},
                                                         {V1::DATA, "Data"},
                                                         {V1::DROPOUT, "Dropout"},
                                                         {V1::EUCLIDEAN_LOSS, "EuclideanLoss"},
                                                         {V1::FLATTEN, "Flatten"},
                                                         {V1::HDF5_DATA, "HDF5Data"},
                                                         {V1::IMAGE_DATA, "ImageData"},
                                                         {V1::INNER_PRODUCT, "InnerProduct"},
                                                         {V1::LRN, "LRN"},
                                                         {V1::MULTINOMIAL_LOGISTIC_LOSS, "MultinomialLogisticLoss"},
                                                         {V1::POOLING, "Pooling"},
                                                         {V1::RELU, "ReLU"},
                                                         {V1::SIGMOID, "Sigmoid"},
                                                         {V1::SOFTMAX, "Softmax"},
                                                         {V1::SOFTMAX_LOSS, "SoftmaxWithLoss"},
                                                         {V1::SPLIT, "Split"},
                                                         {V1::TANH, "TanH"},
                                                         {V1::WINDOW_DATA, "WindowData"},
                                                         {V1::ELTWISE, "Eltwise"},
                                                         {V1::POWER, "Power"},
                                                         {V1::HINGE_LOSS, "HingeLoss"},
                                                         {V1::MEMORY_DATA, "MemoryData"},
                                                         {V1::DUMMY_DATA, "DummyData"},
                                                         {V1::SLICE, "Slice"},
                                                         {V1::SILENCE, "Silence"},
                                                         {V1::DECONVOLUTION, "Deconvolution"}};

LayerParameter upgraded(V1 &old) {
  LayerParameter layer;
  layer.set_name(old.name());
  auto type = typeNames.find(old.type());
  layer.set_type(type == typeNames.end() ? "of an unknown number" : type->second);
  layer.mutable_bottom()->Swap(old.mutable_bottom());
  layer.mutable_top()->Swap(old.mutable_top());
  layer.mutable_blobs()->Swap(old.mutable_blobs());
  layer.mutable_include()->Swap(old.mutable_include());
  layer.mutable_exclude()->Swap(old.mutable_exclude());
  for (int i = 0; i < std::max(old.blobs_lr_size(), old.weight_decay_size()); ++i) {
    ParamSpec *param = layer.add_param();
    if (i < old.blobs_lr_size())
      param->set_lr_mult(old.blobs_lr(i));
    if (i < old.weight_decay_size())
      param->set_decay_mult(old.weight_decay(i));
  }
  if (old.has_concat_param())
    *layer.mutable_concat_param() = old.concat_param();
  if (old.has_convolution_param())
    *layer.mutable_convolution_param() = old.convolution_param();
  if (old.has_dropout_param())
    *layer.mutable_dropout_param() = old.dropout_param();
  if (old.has_inner_product_param())
    *layer.mutable_inner_product_param() = old.inner_product_param();
  if (old.has_lrn_param())
    *layer.mutable_lrn_param() = old.lrn_param();
  if (old.has_pooling_param())
    *layer.mutable_pooling_param() = old.pooling_param();
  if (old.has_eltwise_param())
    *layer.mutable_eltwise_param() = old.eltwise_param();
  if (old.has_relu_param())
    *layer.mutable_relu_param() = old.relu_param();
  if (old.has_transform_param())
    *layer.mutable_transform_param() = old.transform_param();
  return layer;
}

} // namespace

NetParameter readNetwork(const std::string &path) {
  NetParameter network = path.ends_with(".caffemodel") ? readBinary(path) : readText<NetParameter>(path);
  for (V1 &old : *network.mutable_layers())
    *network.add_layer() = upgraded(old);
  network.clear_layers();
  if (network.layer_size() == 0)
    throw Error(path + ": holds no layers; give a network of Caffe's (.prototxt or .caffemodel)");
  return network;
}

SolverParameter readSolver(const std::string &path) { return readText<SolverParameter>(path); }

} // namespace fovea::caffe
