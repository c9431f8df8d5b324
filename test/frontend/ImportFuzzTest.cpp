// Changed ONNX models and Caffe networks are imported or refused in one line, in little memory; they never crash. Runs
// under the sanitizers too. Changes are made to the messages, so that most of them are still well-formed.
#include "caffe.pb.h"
#include "frontend/import/Import.h"
#include "onnx.pb.h"
#include "runtime/Error.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <sys/resource.h>

using namespace fovea;

namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

class Mutator {
public:
  explicit Mutator(uint32_t seed) : random(seed) {}

  size_t below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random); }

  /// Collects the texts of the message: names that may be put where another stands.
  void learn(const pb::Message &message) {
    std::vector<const Field *> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const Field *field : fields)
      for (int i = 0; i < countOf(message, field); ++i) {
        if (field->cpp_type() == Field::CPPTYPE_MESSAGE)
          learn(child(message, field, i));
        else if (field->type() == Field::TYPE_STRING)
          texts.push_back(field->is_repeated() ? message.GetReflection()->GetRepeatedString(message, field, i)
                                               : message.GetReflection()->GetString(message, field));
      }
  }

  /// One change somewhere in the message.
  void change(pb::Message &message) {
    std::vector<const Field *> fields;
    const pb::Reflection &access = *message.GetReflection();
    access.ListFields(message, &fields);
    if (fields.empty() || below(40) == 0) { // Give it a field that it does not have.
      const pb::Descriptor &type = *message.GetDescriptor();
      if (type.field_count() > 0)
        fields = {type.field(int(below(size_t(type.field_count()))))};
      if (fields.empty())
        return;
    }
    const Field *field = fields[below(fields.size())];
    if (field->is_repeated())
      return changeList(message, field);
    if (field->cpp_type() == Field::CPPTYPE_MESSAGE) {
      if (below(20) == 0)
        return access.ClearField(&message, field);
      return change(*access.MutableMessage(&message, field));
    }
    if (below(12) == 0)
      return access.ClearField(&message, field);
    switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      return access.SetInt32(&message, field, int32_t(whole()));
    case Field::CPPTYPE_INT64:
      return access.SetInt64(&message, field, whole());
    case Field::CPPTYPE_UINT32:
      return access.SetUInt32(&message, field, uint32_t(whole()));
    case Field::CPPTYPE_UINT64:
      return access.SetUInt64(&message, field, uint64_t(whole()));
    case Field::CPPTYPE_FLOAT:
      return access.SetFloat(&message, field, float(real()));
    case Field::CPPTYPE_DOUBLE:
      return access.SetDouble(&message, field, real());
    case Field::CPPTYPE_BOOL:
      return access.SetBool(&message, field, below(2) == 0);
    case Field::CPPTYPE_ENUM:
      return access.SetEnumValue(&message, field, enumerator(field));
    case Field::CPPTYPE_STRING:
      return access.SetString(&message, field, text(access.GetString(message, field)));
    default:
      return;
    }
  }

private:
  std::mt19937 random;
  std::vector<std::string> texts;

  static int countOf(const pb::Message &message, const Field *field) {
    return field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
  }
  static const pb::Message &child(const pb::Message &message, const Field *field, int index) {
    return field->is_repeated() ? message.GetReflection()->GetRepeatedMessage(message, field, index)
                                : message.GetReflection()->GetMessage(message, field);
  }

  void changeList(pb::Message &message, const Field *field) {
    const pb::Reflection &access = *message.GetReflection();
    const int size = access.FieldSize(message, field);
    const bool holdsMessages = field->cpp_type() == Field::CPPTYPE_MESSAGE;
    if (size > 0 && below(8) == 0)
      return access.RemoveLast(&message, field);
    if (size > 1 && below(6) == 0)
      return access.SwapElements(&message, field, int(below(size_t(size))), int(below(size_t(size))));
    if (size == 0 || below(10) == 0) {
      if (holdsMessages) {
        pb::Message *added = access.AddMessage(&message, field);
        return size == 0 ? void()
                         : added->CopyFrom(access.GetRepeatedMessage(message, field, int(below(size_t(size)))));
      }
      switch (field->cpp_type()) {
      case Field::CPPTYPE_INT32:
        return access.AddInt32(&message, field, int32_t(whole()));
      case Field::CPPTYPE_INT64:
        return access.AddInt64(&message, field, whole());
      case Field::CPPTYPE_UINT32:
        return access.AddUInt32(&message, field, uint32_t(whole()));
      case Field::CPPTYPE_FLOAT:
        return access.AddFloat(&message, field, float(real()));
      case Field::CPPTYPE_DOUBLE:
        return access.AddDouble(&message, field, real());
      case Field::CPPTYPE_STRING:
        return access.AddString(&message, field, text(""));
      default:
        return;
      }
    }
    const int at = int(below(size_t(size)));
    if (holdsMessages)
      return change(*access.MutableRepeatedMessage(&message, field, at));
    switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      return access.SetRepeatedInt32(&message, field, at, int32_t(whole()));
    case Field::CPPTYPE_INT64:
      return access.SetRepeatedInt64(&message, field, at, whole());
    case Field::CPPTYPE_UINT32:
      return access.SetRepeatedUInt32(&message, field, at, uint32_t(whole()));
    case Field::CPPTYPE_FLOAT:
      return access.SetRepeatedFloat(&message, field, at, float(real()));
    case Field::CPPTYPE_DOUBLE:
      return access.SetRepeatedDouble(&message, field, at, real());
    case Field::CPPTYPE_STRING:
      return access.SetRepeatedString(&message, field, at, text(access.GetRepeatedString(message, field, at)));
    default:
      return;
    }
  }

  int64_t whole() {
    constexpr int64_t picks[] = {0,         1,       -1,        2,         3,         4,         5,
                                 7,         13,      255,       256,       INT32_MAX, INT32_MIN, INT64_MAX,
                                 INT64_MIN, 1 << 20, 1LL << 32, 1LL << 40, 65537,     -4};
    return below(3) ? picks[below(std::size(picks))] : int64_t(below(64));
  }
  double real() {
    const double picks[] = {0, -0.0, 1, -1, 0.5, NAN, INFINITY, -INFINITY, 1e38, -1e38, 1e-40, 6};
    return picks[below(std::size(picks))];
  }
  int enumerator(const Field *field) {
    return field->enum_type()->value(int(below(size_t(field->enum_type()->value_count()))))->number();
  }
  std::string text(const std::string &old) {
    switch (below(4)) {
    case 0:
      return "";
    case 1: {
      std::string changed = old.substr(0, 1 << 16);
      if (!changed.empty())
        changed[below(changed.size())] = char(below(256));
      return below(2) || changed.empty() ? changed : changed.substr(0, below(changed.size()));
    }
    default:
      return texts.empty() ? "x" : texts[below(texts.size())];
    }
  }
};

/// Nodes of many kinds; each reads the one before it.
class OnnxSeed {
public:
  ::onnx::ModelProto model;

  OnnxSeed() {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(13);
    graph.set_name("net");
    auto &type = *graph.add_input()->mutable_type()->mutable_tensor_type();
    graph.mutable_input(0)->set_name("x");
    type.set_elem_type(::onnx::TensorProto::FLOAT);
    type.mutable_shape()->add_dim()->set_dim_param("N");
    for (int extent : {4, 9, 8})
      type.mutable_shape()->add_dim()->set_dim_value(extent);
    chain("Sub", {floats("mean", {4, 1, 1})});
    integers(chain("Conv", {floats("w", {6, 2, 3, 3}), floats("b", {6})}), "pads", {1, 1, 1, 1}).add_attribute();
    auto &group = *graph.mutable_node(1)->mutable_attribute(1);
    group.set_name("group"), group.set_type(::onnx::AttributeProto::INT), group.set_i(2);
    chain("Reshape", {numbers("five", {0, 2, 3, 9, 8})});
    integers(chain("Transpose", {}), "perm", {0, 2, 1, 3, 4});
    chain("Reshape", {numbers("four", {0, -1, 9, 8})});
    chain("Clip", {floats("zero", {}, 0), floats("six", {}, 6)});
    chain("Pad", {numbers("pad", {0, 0, 1, 0, 0, 0, 0, 1})});
    integers(integers(chain("MaxPool", {}), "kernel_shape", {3, 3}), "strides", {2, 2});
    chain("BatchNormalization", {"b", "b", "b", "b"});
    node("ConstantOfShape", {numbers("shape", {6, 6, 1, 1})}, "filled");
    const std::string residual = last;
    chain("Conv", {"filled"});
    chain("Add", {residual});
    chain("LRN", {}).add_attribute();
    auto &size = *graph.mutable_node(graph.node_size() - 1)->mutable_attribute(0);
    size.set_name("size"), size.set_type(::onnx::AttributeProto::INT), size.set_i(3);
    integers(chain("Transpose", {}), "perm", {0, 2, 3, 1});
    chain("Relu", {});
    node("Shape", {last}, "all");
    node("Gather", {"all", numbers("first", {0})}, "images");
    node("Concat", {"images", numbers("rest", {-1})}, "flat").add_attribute();
    auto &axis = *graph.mutable_node(graph.node_size() - 1)->mutable_attribute(0);
    axis.set_name("axis"), axis.set_type(::onnx::AttributeProto::INT), axis.set_i(0);
    chain("Reshape", {"flat"});
    chain("MatMul", {floats("m", {96, 5})});
    chain("Add", {floats("n", {5})});
    chain("Dropout", {floats("ratio", {}, 0.5f)});
    chain("Softmax", {});
    graph.add_output()->set_name(last);
  }

private:
  ::onnx::GraphProto &graph = *model.mutable_graph();
  std::string last = "x";

  std::string floats(const std::string &name, std::vector<int64_t> shape, float value = 0.25f) {
    auto &tensor = *graph.add_initializer();
    tensor.set_name(name), tensor.set_data_type(::onnx::TensorProto::FLOAT);
    int64_t count = 1;
    for (int64_t extent : shape)
      tensor.add_dims(extent), count *= extent;
    const std::vector<float> values(size_t(count), value);
    tensor.set_raw_data(values.data(), values.size() * sizeof(float));
    return name;
  }
  std::string numbers(const std::string &name, std::vector<int64_t> values) {
    auto &tensor = *graph.add_initializer();
    tensor.set_name(name), tensor.set_data_type(::onnx::TensorProto::INT64);
    tensor.add_dims(int64_t(values.size()));
    for (int64_t value : values)
      tensor.add_int64_data(value);
    return name;
  }
  ::onnx::NodeProto &node(const std::string &op, const std::vector<std::string> &inputs, const std::string &output) {
    auto &made = *graph.add_node();
    made.set_op_type(op);
    for (const std::string &input : inputs)
      made.add_input(input);
    made.add_output(output);
    return made;
  }
  ::onnx::NodeProto &chain(const std::string &op, std::vector<std::string> inputs) {
    inputs.insert(inputs.begin(), last);
    last = "v" + std::to_string(graph.node_size());
    return node(op, inputs, last);
  }
  static ::onnx::NodeProto &integers(::onnx::NodeProto &node, const std::string &name,
                                     const std::vector<int64_t> &values) {
    auto &attribute = *node.add_attribute();
    attribute.set_name(name), attribute.set_type(::onnx::AttributeProto::INTS);
    for (int64_t value : values)
      attribute.add_ints(value);
    return node;
  }
};

caffe::NetParameter caffeSeed() {
  caffe::NetParameter network;
  pb::TextFormat::ParseFromString(R"(
    name: "Small-Net" input: "data" input_dim: 1 input_dim: 4 input_dim: 13 input_dim: 15
    layer { name: "conv/1" type: "Convolution" bottom: "data" top: "conv1" param { lr_mult: 1 }
      convolution_param { num_output: 6 pad: 1 kernel_size: 3 group: 2 weight_filler { type: "gaussian" std: 0.01 } } }
    layer { name: "bn" type: "BatchNorm" bottom: "conv1" top: "conv1" batch_norm_param { eps: 1e-3 } }
    layer { name: "scale" type: "Scale" bottom: "conv1" top: "conv1" scale_param { bias_term: true } }
    layer { name: "relu" type: "ReLU" bottom: "conv1" top: "conv1" relu_param { negative_slope: 0.1 } }
    layer { name: "norm" type: "LRN" bottom: "conv1" top: "norm" lrn_param { local_size: 5 alpha: 0.5 beta: 0.75 k: 2 } }
    layer { name: "pool" type: "Pooling" bottom: "norm" top: "pool" pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
    layer { name: "both" type: "Concat" bottom: "pool" bottom: "pool" top: "both" concat_param { axis: 1 } }
    layer { name: "sum" type: "Eltwise" bottom: "both" bottom: "both" top: "sum" eltwise_param { operation: SUM } }
    layer { name: "ip" type: "InnerProduct" bottom: "sum" top: "ip" inner_product_param { num_output: 3 transpose: true } }
    layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" })",
                                  &network);
  auto fill = [&](int layer, std::vector<std::vector<int64_t>> shapes) {
    for (const auto &shape : shapes) {
      caffe::BlobProto &blob = *network.mutable_layer(layer)->add_blobs();
      int64_t count = 1;
      for (int64_t extent : shape)
        blob.mutable_shape()->add_dim(extent), count *= extent;
      for (int64_t i = 0; i < count; ++i)
        blob.add_data(0.5f);
    }
  };
  fill(0, {{6, 2, 3, 3}, {6}});
  fill(1, {{6}, {6}, {1}});
  fill(2, {{6}, {6}});
  fill(8, {{504, 3}, {3}});
  return network;
}

struct ImportFuzz : testing::Test {
  // In memory where there is such a folder: files are written down to the disk, thousands of times.
  std::filesystem::path folder = (std::filesystem::is_directory("/dev/shm") ? std::filesystem::path("/dev/shm")
                                                                            : std::filesystem::temp_directory_path()) /
                                 ("fovea-import-" + std::to_string(::getpid()));
  int imported = 0, refused = 0;

  void SetUp() override {
    std::filesystem::create_directories(folder);
    pb::SetLogHandler(nullptr); // It tells of names that are not UTF-8.
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  static long peakKilobytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  }

  void import(const std::vector<std::string> &files, int number) {
    const std::string output = folder / "out.net";
    std::filesystem::remove(output);
    try {
      importNetwork({.files = files, .output = output, .solver = "", .inputShape = {}});
      ++imported;
      EXPECT_TRUE(std::filesystem::exists(output));
    } catch (const Error &error) {
      const std::string text = error.what();
      EXPECT_EQ(text.find('\n'), std::string::npos) << number << ": " << text;
      EXPECT_LT(text.size(), 1000u) << number << ": " << text;
      EXPECT_FALSE(std::filesystem::exists(output)) << number;
      ++refused;
    } catch (const std::exception &other) {
      ADD_FAILURE() << number << ": " << other.what();
    }
  }

  void run(const pb::Message &seed, const std::string &ending) {
    const std::string file = folder / ("net" + ending);
    auto write = [&](const std::string &bytes) { std::ofstream(file, std::ios::binary) << bytes; };
    write(seed.SerializeAsString());
    import({file}, -1);
    ASSERT_EQ(imported, 1);
    [[maybe_unused]] const long before = peakKilobytes();
    const char *given = std::getenv("FOVEA_IMPORT_MUTATIONS");
    const int mutations = std::max(1500, given ? std::atoi(given) : 0);
    for (int number = 0; number < mutations; ++number) {
      Mutator mutator{uint32_t(number)};
      mutator.learn(seed);
      std::unique_ptr<pb::Message> changed(seed.New());
      changed->CopyFrom(seed);
      for (size_t count = 0; count <= mutator.below(3); ++count)
        mutator.change(*changed);
      write(changed->SerializeAsString());
      import({file}, number);
    }
    EXPECT_GT(imported, 50);
    EXPECT_GT(refused, 500);
#ifndef __SANITIZE_ADDRESS__ // which keeps freed memory
    EXPECT_LT(peakKilobytes() - before, 64 * 1024);
#endif
  }
};

// The library's own ONNX messages cannot tell their fields: others are made of the schema.
TEST_F(ImportFuzz, Onnx) {
  pb::FileDescriptorSet schema;
  std::ifstream stored(ONNX_SCHEMA, std::ios::binary);
  ASSERT_TRUE(schema.ParseFromIstream(&stored) && schema.file_size() == 1);
  pb::DescriptorPool pool;
  const pb::FileDescriptor *file = pool.BuildFile(schema.file(0));
  ASSERT_TRUE(file);
  pb::DynamicMessageFactory factory;
  std::unique_ptr<pb::Message> seed(factory.GetPrototype(file->FindMessageTypeByName("ModelProto"))->New());
  ASSERT_TRUE(seed->ParseFromString(OnnxSeed().model.SerializeAsString()));
  run(*seed, ".onnx");
}

TEST_F(ImportFuzz, Caffe) { run(caffeSeed(), ".caffemodel"); }

} // namespace
