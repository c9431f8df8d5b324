#include "frontend/import/caffe/CaffeImport.h"

#include "frontend/import/caffe/Reader.h"
#include "runtime/Error.h"

#include <cmath>
#include <filesystem>
#include <functional>
#include <set>

namespace fovea {

using ast::Argument;
using ast::Expr;
using caffe::BlobProto;
using caffe::LayerParameter;
using caffe::NetParameter;

namespace {

using Arguments = std::vector<Argument>;

const std::set<std::string> dataLayers = {"Data",  "ImageData",  "MemoryData", "HDF5Data",
                                          "Input", "WindowData", "DummyData"};
/// What a network is trained or judged by, not what it computes.
const std::set<std::string> ignoredLayers = {"Accuracy", "Silence", "EuclideanLoss", "HingeLoss",
                                             "MultinomialLogisticLoss"};

std::vector<int64_t> shapeOf(const BlobProto &blob) {
  if (blob.has_shape())
    return {blob.shape().dim().begin(), blob.shape().dim().end()};
  return {blob.num(), blob.channels(), blob.height(), blob.width()};
}

class Importer {
public:
  explicit Importer(const CaffeFiles &files) : files(files), net(caffe::readNetwork(files.network)) {
    if (!files.weights.empty())
      weightsOf = caffe::readNetwork(files.weights);
    const NetParameter &source = files.weights.empty() ? net : weightsOf;
    for (const LayerParameter &layer : source.layer())
      if (layer.blobs_size() > 0)
        blobs[layer.name()] = &layer;
  }

  ImportedNetwork run() {
    network.source = files.network;
    if (!net.name().empty())
      network.name = net.name();
    network.comments = {
        "Imported from Caffe: " + std::filesystem::path(files.network).filename().string() +
        (files.weights.empty() ? "" : " with " + std::filesystem::path(files.weights).filename().string())};
    network.nodes.push_back({.name = "data"});
    declaredInputs();
    for (const LayerParameter &layer : net.layer())
      if (isTested(layer))
        add(layer);
    finish();
    return std::move(network);
  }

private:
  const CaffeFiles &files;
  NetParameter net, weightsOf;
  ImportedNetwork network;
  std::map<std::string, const LayerParameter *> blobs; ///< Layers with parameters, by name.
  std::map<std::string, int> tops;                     ///< Node of each blob of data.
  std::set<std::string> used;                          ///< Layers of the weights that were read.
  const caffe::TransformationParameter *transform = nullptr;
  int last = 0;

  [[noreturn]] void fail(const LayerParameter &layer, const std::string &what) const {
    throw Error(files.network + ": layer `" + printable(layer.name()) + "` (" + printable(layer.type()) + ") " + what);
  }

  /// Files describe training and testing together; rules say which layers belong to which.
  static bool isTested(const LayerParameter &layer) {
    auto isTest = [](const caffe::NetStateRule &rule) { return !rule.has_phase() || rule.phase() == caffe::TEST; };
    for (const caffe::NetStateRule &rule : layer.include())
      if (!isTest(rule))
        return dataLayers.contains(layer.type()); // Training's data layer may be the only one that says the crop.
    for (const caffe::NetStateRule &rule : layer.exclude())
      if (isTest(rule))
        return false;
    return true;
  }

  void declaredInputs() {
    std::vector<int64_t> shape;
    if (net.input_shape_size() > 0)
      shape.assign(net.input_shape(0).dim().begin(), net.input_shape(0).dim().end());
    else
      shape.assign(net.input_dim().begin(), net.input_dim().end());
    if (net.input_size() > 0)
      declareInput(net.input(0), shape);
  }

  void declareInput(const std::string &name, const std::vector<int64_t> &shape) {
    tops[name] = 0;
    network.nodes[0].name = name;
    if (shape.size() >= 2)
      network.inputShape.assign(shape.begin() + 1, shape.begin() + int64_t(std::min<size_t>(shape.size(), 4)));
  }

  void addData(const LayerParameter &layer) {
    if (layer.top_size() == 0)
      return;
    std::vector<int64_t> shape;
    if (layer.input_param().shape_size() > 0)
      shape.assign(layer.input_param().shape(0).dim().begin(), layer.input_param().shape(0).dim().end());
    if (layer.has_transform_param()) {
      transform = &layer.transform_param();
      if (const int64_t crop = transform->crop_size())
        shape = {1, transform->force_gray() ? 1 : 3, crop, crop};
    }
    if (!tops.contains(layer.top(0)) || !shape.empty())
      declareInput(layer.top(0), shape);
  }

  int inputOf(const LayerParameter &layer, int index) const {
    if (index >= layer.bottom_size())
      fail(layer, "has no input");
    auto found = tops.find(layer.bottom(index));
    if (found == tops.end())
      fail(layer, "reads `" + printable(layer.bottom(index)) + "`, which no layer before it computes");
    return found->second;
  }

  void add(const LayerParameter &layer) {
    const std::string &type = layer.type();
    if (dataLayers.contains(type))
      return addData(layer);
    if (ignoredLayers.contains(type))
      return;
    if (type == "Split") {
      for (const std::string &top : layer.top())
        tops[top] = inputOf(layer, 0);
      return;
    }
    if (type == "SoftmaxWithLoss") {
      last = inputOf(layer, 0);
      return;
    }
    if (layer.top_size() == 0)
      fail(layer, "has no output");
    if (type == "Scale" && extendsBatchNorm(layer))
      return;
    ImportedNode node{.name = layer.name()};
    for (int index = 0; index < layer.bottom_size(); ++index)
      node.inputs.push_back(inputOf(layer, index));
    if (node.inputs.empty())
      fail(layer, "has no input");
    translate(layer, node);
    network.nodes.push_back(std::move(node));
    last = tops[layer.top(0)] = int(network.nodes.size()) - 1;
  }

  void translate(const LayerParameter &layer, ImportedNode &node) {
    const std::string &type = layer.type();
    using Translate = void (Importer::*)(const LayerParameter &, ImportedNode &);
    static const std::map<std::string, Translate> translations = {
        {"Convolution", &Importer::convolution}, {"InnerProduct", &Importer::innerProduct},
        {"Pooling", &Importer::pooling},         {"LRN", &Importer::lrn},
        {"Dropout", &Importer::dropout},         {"ReLU", &Importer::relu},
        {"Concat", &Importer::concat},           {"Eltwise", &Importer::eltwise},
        {"BatchNorm", &Importer::batchNorm}};
    static const std::map<std::string, const char *> plain = {
        {"Sigmoid", "sigmoid"}, {"TanH", "tanh"}, {"Softmax", "softmax"}, {"Flatten", "flatten"}};
    if (auto simple = plain.find(type); simple != plain.end())
      node.call = call(simple->second);
    else if (auto found = translations.find(type); found != translations.end())
      (this->*found->second)(layer, node);
    else
      fail(layer, "is of a type that cannot be imported; remove it, or replace it by layers of known types");
  }

  // ---- Parameters

  FloatTensor blob(const LayerParameter &layer, int index) {
    auto found = blobs.find(layer.name());
    if (found == blobs.end())
      return {};
    used.insert(layer.name());
    if (index >= found->second->blobs_size())
      fail(layer, "has " + std::to_string(found->second->blobs_size()) + " parameters where " +
                      std::to_string(index + 1) + " are needed");
    const BlobProto &stored = found->second->blobs(index);
    FloatTensor tensor{shapeOf(stored), {}};
    if (stored.double_data_size() > 0)
      tensor.values.assign(stored.double_data().begin(), stored.double_data().end());
    else
      tensor.values.assign(stored.data().begin(), stored.data().end());
    const auto count = elementCount(tensor.shape);
    if (!count || *count != int64_t(tensor.values.size()))
      fail(layer, "has a parameter of shape " + shapeText(tensor.shape) + " with " +
                      std::to_string(tensor.values.size()) + " values");
    return tensor;
  }

  void addInit(Arguments &arguments, const std::string &name, const caffe::FillerParameter &filler) {
    if (filler.type() == "gaussian")
      arguments.push_back(argument(name, call("gaussian", {argument(number(filler.std()))})));
    else if (filler.type() == "xavier")
      arguments.push_back(argument(name, call("xavier")));
    else if (filler.type() == "msra")
      arguments.push_back(argument(name, call("he")));
    else if (filler.type() == "constant")
      arguments.push_back(argument(name, call("constant", {argument(number(filler.value()))})));
  }

  /// Bias, initialisation and factors of rate and decay: what convolutions and dense layers have in common.
  template <typename Parameters>
  void addTraining(const LayerParameter &layer, const Parameters &parameters, Arguments &arguments,
                   ImportedNode &node) {
    node.parameters["weight"] = blob(layer, 0);
    if (parameters.bias_term())
      node.parameters["bias"] = blob(layer, 1);
    if (!parameters.bias_term())
      arguments.push_back(argument("bias", word("none")));
    else if (parameters.bias_filler().value() != 0)
      arguments.push_back(argument("bias", number(parameters.bias_filler().value())));
    if (files.solver.empty())
      return;
    if (parameters.has_weight_filler())
      addInit(arguments, "init", parameters.weight_filler());
    auto factor = [&](int index, const char *name, float value) {
      if (index < layer.param_size() && value != 1)
        arguments.push_back(argument(name, number(value)));
    };
    if (layer.param_size() > 0) {
      factor(0, "lr", layer.param(0).lr_mult());
      factor(0, "decay", layer.param(0).decay_mult());
    }
    if (layer.param_size() > 1 && parameters.bias_term()) {
      factor(1, "bias_lr", layer.param(1).lr_mult());
      factor(1, "bias_decay", layer.param(1).decay_mult());
    }
  }

  // ---- Layers

  void convolution(const LayerParameter &layer, ImportedNode &node) {
    const caffe::ConvolutionParameter &p = layer.convolution_param();
    auto extent = [&](const auto &both, int axis, uint32_t single, bool hasSingle, uint32_t otherwise) -> int64_t {
      if (hasSingle)
        return single;
      if (both.size() == 0)
        return otherwise;
      return both.Get(std::min(axis, both.size() - 1));
    };
    const int64_t kh = extent(p.kernel_size(), 0, p.kernel_h(), p.has_kernel_h(), 0),
                  kw = extent(p.kernel_size(), 1, p.kernel_w(), p.has_kernel_w(), 0);
    if (kh < 1 || kw < 1)
      fail(layer, "has no kernel_size");
    Arguments arguments{argument(number(p.num_output())), argument("kernel", pair(kh, kw))};
    auto both = [&](const char *name, int64_t h, int64_t w, int64_t usual) {
      if (h != usual || w != usual)
        arguments.push_back(argument(name, pair(h, w)));
    };
    both("stride", extent(p.stride(), 0, p.stride_h(), p.has_stride_h(), 1),
         extent(p.stride(), 1, p.stride_w(), p.has_stride_w(), 1), 1);
    both("pad", extent(p.pad(), 0, p.pad_h(), p.has_pad_h(), 0), extent(p.pad(), 1, p.pad_w(), p.has_pad_w(), 0), 0);
    both("dilation", extent(p.dilation(), 0, 0, false, 1), extent(p.dilation(), 1, 0, false, 1), 1);
    if (p.group() != 1)
      arguments.push_back(argument("groups", number(p.group())));
    addTraining(layer, p, arguments, node);
    node.call = call("conv", std::move(arguments));
  }

  void innerProduct(const LayerParameter &layer, ImportedNode &node) {
    const caffe::InnerProductParameter &p = layer.inner_product_param();
    if (p.axis() != 1)
      fail(layer, "multiplies along axis " + std::to_string(p.axis()) + "; only 1 can be imported");
    Arguments arguments{argument(number(p.num_output()))};
    addTraining(layer, p, arguments, node);
    FloatTensor &weight = node.parameters["weight"];
    if (p.transpose() && !weight.values.empty()) {
      const size_t outputs = p.num_output(), inputs = outputs ? weight.values.size() / outputs : 0;
      std::vector<float> turned(weight.values.size());
      for (size_t i = 0; i < inputs; ++i)
        for (size_t o = 0; o < outputs; ++o)
          turned[o * inputs + i] = weight.values[i * outputs + o];
      weight.values = std::move(turned);
    }
    node.call = call("dense", std::move(arguments));
  }

  void pooling(const LayerParameter &layer, ImportedNode &node) {
    const caffe::PoolingParameter &p = layer.pooling_param();
    if (p.pool() == caffe::PoolingParameter::STOCHASTIC)
      fail(layer, "pools stochastically, which cannot be imported; use MAX or AVE");
    const bool average = p.pool() == caffe::PoolingParameter::AVE;
    if (p.global_pooling()) {
      if (!average)
        fail(layer, "takes the maximum of whole images, which cannot be imported; give kernel_size instead");
      node.call = call("global_avg_pool");
      return;
    }
    const int64_t kh = p.has_kernel_h() ? p.kernel_h() : p.kernel_size(),
                  kw = p.has_kernel_w() ? p.kernel_w() : p.kernel_size();
    if (kh < 1 || kw < 1)
      fail(layer, "has no kernel_size");
    const int64_t sh = p.has_stride_h() ? p.stride_h() : p.stride(), sw = p.has_stride_w() ? p.stride_w() : p.stride();
    const int64_t ph = p.has_pad_h() ? p.pad_h() : p.pad(), pw = p.has_pad_w() ? p.pad_w() : p.pad();
    Arguments arguments{argument(pair(kh, kw)), argument("stride", pair(sh, sw))};
    if (ph != 0 || pw != 0)
      arguments.push_back(argument("pad", pair(ph, pw)));
    if (p.round_mode() == caffe::PoolingParameter::CEIL)
      arguments.push_back(argument("ceil", word("true")));
    node.call = call(average ? "avg_pool" : "max_pool", std::move(arguments));
  }

  /// Caffe divides alpha by the elements of the sum; within a channel it ignores k.
  void lrn(const LayerParameter &layer, ImportedNode &node) {
    const caffe::LRNParameter &p = layer.lrn_param();
    const bool within = p.norm_region() == caffe::LRNParameter::WITHIN_CHANNEL;
    const double elements = within ? double(p.local_size()) * p.local_size() : double(p.local_size());
    if (p.local_size() % 2 == 0)
      fail(layer, "normalizes over an even number of elements, which Caffe does not define");
    Arguments arguments{argument("size", number(p.local_size())),
                        argument("alpha", number(double(p.alpha()) / elements)), argument("beta", number(p.beta()))};
    if (!within && p.k() != 1)
      arguments.push_back(argument("k", number(p.k())));
    if (within)
      arguments.push_back(argument("region", word("within")));
    node.call = call("lrn", std::move(arguments));
  }

  void dropout(const LayerParameter &layer, ImportedNode &node) {
    node.call = call("dropout", {argument(number(layer.dropout_param().dropout_ratio()))});
  }

  void relu(const LayerParameter &layer, ImportedNode &node) {
    const float slope = layer.relu_param().negative_slope();
    node.call = slope == 0 ? call("relu") : call("leaky_relu", {argument("slope", number(slope))});
  }

  void concat(const LayerParameter &layer, ImportedNode &node) {
    const caffe::ConcatParameter &p = layer.concat_param();
    if ((p.has_axis() ? p.axis() : int(p.concat_dim())) != 1)
      fail(layer, "joins along another axis than the channels");
    node.call = call("concat");
    if (node.inputs.size() == 1)
      fail(layer, "joins a single layer; remove it");
  }

  void eltwise(const LayerParameter &layer, ImportedNode &node) {
    const caffe::EltwiseParameter &p = layer.eltwise_param();
    const bool plain = std::all_of(p.coeff().begin(), p.coeff().end(), [](float factor) { return factor == 1; });
    if (p.operation() != caffe::EltwiseParameter::SUM || !plain)
      fail(layer, "is no plain sum; only SUM without coefficients can be imported");
    if (node.inputs.size() == 1)
      fail(layer, "adds a single layer; remove it");
    node.call = call("add");
  }

  // Caffe keeps sums of means and variances and the number of what was summed; scale and shift are a layer of their
  // own.
  void batchNorm(const LayerParameter &layer, ImportedNode &node) {
    FloatTensor mean = blob(layer, 0), variance = mean.values.empty() ? FloatTensor{} : blob(layer, 1);
    if (!mean.values.empty()) {
      const FloatTensor count = blob(layer, 2);
      const float factor = count.values.empty() || count.values[0] == 0 ? 0 : 1 / count.values[0];
      for (FloatTensor *sum : {&mean, &variance})
        for (float &value : sum->values)
          value *= factor;
      node.parameters["weight"] = {mean.shape, std::vector<float>(mean.values.size(), 1.0f)};
      node.parameters["bias"] = {mean.shape, std::vector<float>(mean.values.size(), 0.0f)};
    } else {
      node.parameters["weight"] = node.parameters["bias"] = {};
    }
    node.parameters["running_mean"] = mean;
    node.parameters["running_var"] = variance;
    node.call = call("batch_norm", {argument("epsilon", number(layer.batch_norm_param().eps()))});
  }

  bool extendsBatchNorm(const LayerParameter &layer) {
    const int from = inputOf(layer, 0);
    ImportedNode &node = network.nodes[size_t(from)];
    if (layer.bottom_size() != 1 || node.call.text != "batch_norm")
      fail(layer, "scales what is no BatchNorm; only a Scale right behind a BatchNorm can be imported");
    if (FloatTensor scale = blob(layer, 0); !scale.values.empty()) {
      node.parameters["weight"] = scale;
      if (layer.scale_param().bias_term())
        node.parameters["bias"] = blob(layer, 1);
    }
    last = tops[layer.top(0)] = from;
    return true;
  }

  // ---- Recipe

  void finish() {
    if (network.inputShape.empty())
      network.inputShape = files.inputShape;
    if (network.inputShape.empty())
      throw Error(files.network + ": does not say the size of its input; give it, as --input 3,227,227");
    network.output = last;
    if (!files.weights.empty() && used.empty())
      throw Error(files.weights + ": has parameters for none of the layers of " + files.network);
    if (network.inputShape[0] == 3)
      network.comments.push_back("Caffe's images are blue, green, red, with values of 0 to 255 less their mean.");
    if (!files.solver.empty())
      recipe(caffe::readSolver(files.solver));
  }

  void set(const std::string &name, Expr value) { network.train.push_back({name, 0, std::move(value)}); }

  void recipe(const caffe::SolverParameter &solver) {
    set("data", data());
    set("loss", word("softmax_cross_entropy"));
    Arguments optimizer{argument("lr", number(solver.base_lr()))};
    if (solver.momentum() != 0)
      optimizer.push_back(argument("momentum", number(solver.momentum())));
    if (solver.weight_decay() != 0)
      optimizer.push_back(argument("weight_decay", number(solver.weight_decay())));
    set("optimizer", call("sgd", std::move(optimizer)));
    const std::string &policy = solver.lr_policy();
    const Argument gamma = argument("gamma", number(solver.gamma())), power = argument("power", number(solver.power()));
    if (policy == "step")
      set("lr", call("step", {gamma, argument("step", number(solver.stepsize()))}));
    else if (policy == "multistep")
      set("lr",
          call("multistep", {gamma, argument("at", list({solver.stepvalue().begin(), solver.stepvalue().end()}))}));
    else if (policy == "inv")
      set("lr", call("inv", {gamma, power}));
    else if (policy == "exp")
      set("lr", call("exp", {gamma}));
    else if (policy == "poly")
      set("lr", call("poly", {power}));
    else if (policy != "fixed" && !policy.empty())
      throw Error(files.solver + ": the lr_policy `" + printable(policy) +
                  "` cannot be imported; use fixed, step, multistep, inv, "
                  "exp or poly");
    if (solver.iter_size() > 1)
      set("accumulate", number(solver.iter_size()));
    set("iterations", number(std::max(1, solver.max_iter())));
  }

  /// The data set that images of this size belong to.
  Expr data() const {
    const std::vector<int64_t> &shape = network.inputShape;
    Arguments arguments;
    if (shape.size() == 3 && shape[0] == 3 && shape[1] > 32) {
      const int64_t side = shape[1];
      arguments = {argument("resize", number(double(side <= 227 ? 256 : side + side / 8))),
                   argument("crop", number(double(side)))};
    }
    if (transform && transform->mirror())
      arguments.push_back(argument("mirror", word("true")));
    if (transform && transform->mean_value_size() == 3) {
      Expr mean;
      mean.kind = Expr::Kind::List;
      for (int channel : {2, 1, 0}) // Caffe's are blue, green, red.
        mean.items.push_back(number(transform->mean_value(channel)));
      arguments.push_back(argument("mean", mean));
    } else if (transform && transform->has_mean_file()) {
      arguments.push_back(argument("mean", word("pixel")));
    }
    if (transform && transform->scale() != 1)
      arguments.push_back(argument("scale", number(transform->scale())));
    const bool grey = shape[0] == 1;
    return call(grey                                  ? "mnist"
                : shape.size() == 3 && shape[1] <= 32 ? "cifar10"
                                                      : "image_folder",
                std::move(arguments));
  }
};

} // namespace

ImportedNetwork importCaffe(const CaffeFiles &files) { return Importer(files).run(); }

} // namespace fovea
