#include "frontend/import/onnx/OnnxImport.h"

#include "frontend/import/onnx/Importer.h"
#include "runtime/Error.h"
#include "runtime/File.h"

#include <algorithm>
#include <filesystem>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <map>
#include <set>

namespace fovea {

namespace onnx {

namespace {

/// Puts each node behind those whose results it reads. ONNX asks for that order, but some exporters write the nodes backwards
/// and ONNX Runtime reads them. What is in a cycle stays last, for its reader to be told of.
void sortNodes(::onnx::GraphProto &graph) {
  const int count = graph.node_size();
  std::map<std::string, int> producers;
  for (int index = 0; index < count; ++index)
    for (const std::string &output : graph.node(index).output())
      producers.emplace(output, index);
  std::vector<std::vector<int>> readers(count);
  std::vector<int> waitsFor(count);
  for (int index = 0; index < count; ++index)
    for (const std::string &input : graph.node(index).input())
      if (auto producer = producers.find(input); producer != producers.end() && !input.empty()) {
        readers[producer->second].push_back(index);
        ++waitsFor[index];
      }
  std::set<int> ready, rest;
  for (int index = 0; index < count; ++index)
    (waitsFor[index] == 0 ? ready : rest).insert(index);
  std::vector<int> order;
  while (!ready.empty()) {
    const int index = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(index);
    for (int reader : readers[index])
      if (--waitsFor[reader] == 0) {
        ready.insert(reader);
        rest.erase(reader);
      }
  }
  order.insert(order.end(), rest.begin(), rest.end());
  google::protobuf::RepeatedPtrField<NodeProto> sorted;
  for (int index : order)
    sorted.Add()->Swap(graph.mutable_node(index));
  graph.mutable_node()->Swap(&sorted);
}

::onnx::ModelProto readModel(const std::string &file) {
  const std::vector<uint8_t> bytes = readFile(file, (uint64_t(1) << 31) - 1);
  ::onnx::ModelProto model;
  google::protobuf::io::ArrayInputStream stream(bytes.data(), int(bytes.size()));
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetRecursionLimit(64);
  if (!model.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage())
    throw Error(file + ": is not an ONNX model, or is damaged near byte " + std::to_string(coded.CurrentPosition()));
  if (!model.has_graph() || model.graph().node_size() == 0)
    throw Error(file + ": holds no graph; give an ONNX model");
  sortNodes(*model.mutable_graph());
  return model;
}

} // namespace

Importer::Importer(const std::string &file, const std::vector<int64_t> &inputShape)
    : file(file), model(readModel(file)), graph(model.graph()) {
  for (const auto &set : model.opset_import())
    if (set.domain().empty() || set.domain() == "ai.onnx")
      opset = set.version();
  if (opset == 0)
    throw Error(file + ": does not say its opset");
  if (opset < 7)
    throw Error(file + ": is of opset " + std::to_string(opset) + "; 7 is the oldest that can be imported");
  mayFold = int64_t(model.ByteSizeLong()) + (1 << 16);
  for (const auto &tensor : graph.initializer())
    if (!constants.emplace(tensor.name(), onnx::readTensor(tensor, file)).second)
      throw Error(file + ": has two tensors `" + printable(tensor.name()) + "`");
  findInput(inputShape);
}

ImportedNetwork Importer::run() {
  network.source = file;
  network.name = graph.name().empty() ? "Imported" : graph.name();
  const std::string producer = model.producer_name().empty() ? "" : ", made by " + printable(model.producer_name());
  network.comments.insert(network.comments.begin(),
                          "Imported from ONNX: " + std::filesystem::path(file).filename().string() + " (opset " +
                              std::to_string(opset) + producer + ")");
  countUsers();
  for (const NodeProto &node : graph.node())
    add(node);
  if (graph.output_size() != 1)
    throw Error(file + ": has " + std::to_string(graph.output_size()) + " outputs; only one can be imported");
  auto output = values.find(graph.output(0).name());
  if (output == values.end())
    throw Error(file + ": no node computes the output `" + printable(graph.output(0).name()) + "`");
  const Value &result = output->second;
  if (result.order == Order::Turned || result.pad != std::array<int64_t, 4>{})
    throw Error(file + ": the output `" + printable(graph.output(0).name()) +
                "` is made by a Transpose or a Pad, which can be imported only before other operations");
  if (result.order == Order::ChannelsLast)
    network.comments.push_back("There the output's axes end in the channels; here they begin with them.");
  else if (result.order == Order::Reshaped)
    network.comments.push_back("There the output is seen as [batch, " + shapeText(result.dims).substr(1) + ".");
  network.output = result.node;
  return std::move(network);
}

std::string Importer::nameOf(const NodeProto &node) {
  return printable(!node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : "without a name");
}

void Importer::fail(const NodeProto &node, const std::string &what) const {
  throw Error(file + ": node `" + nameOf(node) + "` (" + printable(node.op_type()) + ") " + what);
}

/// Whether the first thing that is done to the input, but for operations on single elements, is a Transpose from
/// [N,H,W,C] to [N,C,H,W].
bool Importer::startsChannelsLast(const std::string &input) const {
  static const std::set<std::string> elementwise{"Cast", "Identity", "Mul", "Add", "Sub", "Div", "Clip", "Relu"};
  std::set<std::string> reached{input};
  for (const NodeProto &node : graph.node()) {
    const bool reads = std::any_of(node.input().begin(), node.input().end(),
                                   [&](const std::string &name) { return reached.contains(name); });
    if (!reads || node.output_size() == 0)
      continue;
    if (node.op_type() == "Transpose")
      return onnx::integers(node, "perm", {}) == std::vector<int64_t>{0, 3, 1, 2};
    if (elementwise.contains(node.op_type()))
      reached.insert(node.output(0));
  }
  return false;
}

void Importer::findInput(const std::vector<int64_t> &given) {
  std::vector<const ::onnx::ValueInfoProto *> inputs;
  for (const auto &input : graph.input())
    if (!constants.contains(input.name()))
      inputs.push_back(&input);
  if (inputs.size() != 1)
    throw Error(file + ": has " + std::to_string(inputs.size()) + " inputs; networks with one can be imported");
  const std::string &name = inputs[0]->name();
  const auto &type = inputs[0]->type().tensor_type();
  if (type.elem_type() != TensorProto::FLOAT && type.elem_type() != TensorProto::FLOAT16 &&
      type.elem_type() != TensorProto::DOUBLE)
    throw Error(file + ": the input `" + printable(name) + "` holds elements of the type " +
                typeName(type.elem_type()) + "; networks of float32 can be imported");
  std::vector<int64_t> shape;
  for (int axis = 1; axis < type.shape().dim_size(); ++axis)
    shape.push_back(type.shape().dim(axis).dim_value());
  if (type.shape().dim_size() > mostAxes)
    throw Error(file + ": the input `" + printable(name) + "` has " + std::to_string(type.shape().dim_size()) +
                " axes");
  if (type.shape().dim_size() > 0)
    batch = std::max<int64_t>(0, type.shape().dim(0).dim_value());
  const bool channelsLast = startsChannelsLast(name);
  if (channelsLast && shape.size() == 3)
    shape = {shape[2], shape[0], shape[1]};
  if (!given.empty())
    shape = given;
  const bool known = std::all_of(shape.begin(), shape.end(), [](int64_t extent) { return extent > 0; });
  if (!known || (shape.size() != 1 && shape.size() != 3))
    throw Error(file + ": the input `" + printable(name) + "` has the shape [N" +
                (shape.empty() ? "" : ", " + shapeText(shape).substr(1, shapeText(shape).size() - 2)) +
                "]; give its channels, height and width, as --input 3,224,224");
  if (elementCount(shape).value_or(mostElements + 1) > mostElements)
    throw Error(file + ": the input `" + printable(name) + "` has the shape " + shapeText(shape) +
                ", which is too large");
  network.inputShape = shape;
  network.nodes.push_back({.name = name});
  Value &input = values[name] = {.node = 0, .shape = shape};
  if (channelsLast && shape.size() == 3) {
    input.order = Order::ChannelsLast;
    input.dims = {shape[1], shape[2], shape[0]};
    network.comments.push_back("There the input's axes end in the channels; here they begin with them.");
  }
}

void Importer::countUsers() {
  for (const NodeProto &node : graph.node())
    for (const std::string &input : node.input())
      ++users[input];
  for (const auto &output : graph.output())
    ++users[output.name()];
}

void Importer::add(const NodeProto &node) {
  if (!node.domain().empty() && node.domain() != "ai.onnx")
    fail(node, "is of the domain `" + printable(node.domain()) + "`, whose operations cannot be imported");
  if (node.output_size() == 0)
    fail(node, "has no output");
  for (const std::string &output : node.output())
    if (!output.empty() && (values.contains(output) || constants.contains(output)))
      fail(node, "computes `" + printable(output) + "`, which there is already");
  std::vector<const Constant *> operands;
  bool allConstant = true;
  for (const std::string &input : node.input()) {
    auto constant = constants.find(input);
    if (constant != constants.end())
      operands.push_back(&constant->second);
    else if (!input.empty())
      allConstant = false;
    if (!input.empty() && constant == constants.end() && !values.contains(input))
      fail(node, "reads `" + printable(input) + "`, which no node before it computes");
  }
  if (node.op_type() == "Shape" && !allConstant &&
      node.input_size() == 1) { // One image: the batch is the compiler's choice.
    std::vector<int64_t> shape = values.at(node.input(0)).seen();
    Constant constant{{int64_t(shape.size()) + 1}, {1.0}};
    constant.values.insert(constant.values.end(), shape.begin(), shape.end());
    constants[node.output(0)] = constant;
    return;
  }
  if (allConstant)
    if (std::optional<Constant> folded = onnx::fold(node, operands, mayFold, file)) {
      mayFold -= int64_t(folded->values.size());
      constants[node.output(0)] = std::move(*folded);
      return;
    }
  if (allConstant && !operands.empty())
    fail(node, "computes with constants in a way that is not known here; have the exporter fold constants");
  translate(node);
}

void Importer::translate(const NodeProto &node) {
  using Translate = void (Importer::*)(const NodeProto &);
  static const std::map<std::string, Translate> translations = {{"Conv", &Importer::conv},
                                                                {"Gemm", &Importer::gemm},
                                                                {"MatMul", &Importer::matMul},
                                                                {"MaxPool", &Importer::pool},
                                                                {"AveragePool", &Importer::pool},
                                                                {"GlobalAveragePool", &Importer::globalPool},
                                                                {"GlobalMaxPool", &Importer::globalPool},
                                                                {"ReduceMean", &Importer::reduceMean},
                                                                {"LRN", &Importer::lrn},
                                                                {"BatchNormalization", &Importer::batchNorm},
                                                                {"Relu", &Importer::plain},
                                                                {"Sigmoid", &Importer::plain},
                                                                {"Tanh", &Importer::plain},
                                                                {"LeakyRelu", &Importer::leakyRelu},
                                                                {"Clip", &Importer::clip},
                                                                {"Softmax", &Importer::softmax},
                                                                {"Dropout", &Importer::dropout},
                                                                {"Identity", &Importer::identity},
                                                                {"Cast", &Importer::cast},
                                                                {"Flatten", &Importer::flatten},
                                                                {"Reshape", &Importer::reshape},
                                                                {"Squeeze", &Importer::squeeze},
                                                                {"Unsqueeze", &Importer::unsqueeze},
                                                                {"Transpose", &Importer::transpose},
                                                                {"PRelu", &Importer::prelu},
                                                                {"Pad", &Importer::pad},
                                                                {"Concat", &Importer::concat},
                                                                {"Add", &Importer::sum},
                                                                {"Sum", &Importer::sum},
                                                                {"Sub", &Importer::affineOnly},
                                                                {"Mul", &Importer::affineOnly},
                                                                {"Div", &Importer::affineOnly}};
  static const std::map<std::string, const char *> remedies = {
      {"ArgMax", "remove it before exporting: programs print the classes with their probabilities"},
      {"Elu", "train with relu or leaky_relu"},
      {"HardSigmoid", "train with sigmoid"},
      {"HardSwish", "train with relu"},
      {"LogSoftmax", "end the model before it, or in Softmax"},
      {"Pow", "fold it before exporting, if it is a sum of constants"},
      {"QLinearConv", "export the model of floats"},
      {"DequantizeLinear", "export the model of floats"},
      {"QuantizeLinear", "export the model of floats"},
      {"Slice", "cut images before they are read; write a convolution of a part of the channels as a grouped one"},
      {"Split", "write convolutions of parts of the channels as one with groups"}};
  auto found = translations.find(node.op_type());
  if (found == translations.end()) {
    auto remedy = remedies.find(node.op_type());
    fail(node, std::string("cannot be imported: the model language has no such operation; ") +
                   (remedy == remedies.end() ? "replace it before exporting" : remedy->second));
  }
  (this->*found->second)(node);
}

const Importer::Value &Importer::anyOf(const NodeProto &node, int index) const {
  if (index >= node.input_size() || node.input(index).empty())
    fail(node, "has no input " + std::to_string(index));
  auto found = values.find(node.input(index));
  if (found == values.end())
    fail(node, "reads the constant `" + printable(node.input(index)) + "` where the network's values are expected");
  if (found->second.pad != std::array<int64_t, 4>{})
    fail(node, "follows a Pad; only convolutions and poolings can take the padding in");
  return found->second;
}

const Importer::Value &Importer::paddedOf(const NodeProto &node, int index) const {
  auto found = values.find(index < node.input_size() ? node.input(index) : "");
  const Value &value = found == values.end() ? anyOf(node, index) : found->second;
  if (value.order == Order::ChannelsLast)
    fail(node, "reads " + shapeText(value.seen()) + " with the channels last; put a Transpose before it");
  if (value.order != Order::Same)
    fail(node, "reads " + shapeText(value.shape) + " seen as " + shapeText(value.seen()) +
                   "; reshapes can be imported that flatten or shuffle channels");
  return value;
}

const Importer::Value &Importer::valueOf(const NodeProto &node, int index) const {
  anyOf(node, index); // Refuses padding.
  return paddedOf(node, index);
}

const Constant *Importer::constantOf(const NodeProto &node, int index) const {
  if (index >= node.input_size() || node.input(index).empty())
    return nullptr;
  auto found = constants.find(node.input(index));
  if (found == constants.end())
    fail(node, "computes `" + printable(node.input(index)) + "`, which must be a constant");
  return &found->second;
}

double Importer::scalarOf(const NodeProto &node, int index, double otherwise) const {
  const Constant *given = constantOf(node, index);
  if (given && given->size() != 1)
    fail(node, "has " + std::to_string(given->size()) + " numbers in `" + printable(node.input(index)) +
                   "`, where one is expected");
  return given ? (*given)[0] : otherwise;
}

FloatTensor Importer::floats(const NodeProto &node, const Constant &constant) {
  if (!constant.uniform)
    return {constant.shape, {constant.values.begin(), constant.values.end()}};
  mayRepeat -= constant.size();
  if (mayRepeat < 0)
    fail(node, "repeats one number in more than " + std::to_string(mostElements) + " parameters");
  return {constant.shape, std::vector<float>(size_t(constant.size()), float(constant[0]))};
}

std::vector<int64_t> Importer::imageOf(const NodeProto &node, const Value &value) const {
  if (value.shape.size() != 3)
    fail(node, "needs an image; its input has the shape " + shapeText(value.shape) + " without the batch");
  return value.shape;
}

void Importer::emit(const NodeProto &node, ImportedNode made, std::vector<int64_t> shape) {
  if (elementCount(shape).value_or(mostElements + 1) > mostElements)
    fail(node, "makes the shape " + shapeText(shape) + ", which is too large");
  if (made.name.empty())
    made.name = nameOf(node);
  network.nodes.push_back(std::move(made));
  values[node.output(0)] = {.node = int(network.nodes.size()) - 1, .shape = std::move(shape)};
}

void Importer::emitSimple(const NodeProto &node, ast::Expr call, std::vector<int64_t> shape) {
  emit(node, {.name = "", .inputs = {valueOf(node, 0).node}, .call = std::move(call)}, std::move(shape));
}

void Importer::emitElementwise(const NodeProto &node, ast::Expr call, bool notNegative) {
  const Value in = anyOf(node, 0);
  emit(node, {.name = "", .inputs = {in.node}, .call = std::move(call)}, in.shape);
  Value &result = values[node.output(0)];
  result.order = in.order, result.dims = in.dims, result.groups = in.groups;
  result.notNegative = notNegative;
}

void Importer::pass(const NodeProto &node) {
  auto found = values.find(node.input_size() ? node.input(0) : "");
  Value value = found == values.end() ? anyOf(node, 0) : found->second;
  value.shared |= users[node.input(0)] > 1;
  values[node.output(0)] = std::move(value);
}

} // namespace onnx

ImportedNetwork importOnnx(const std::string &file, const std::vector<int64_t> &inputShape) {
  return onnx::Importer(file, inputShape).run();
}

} // namespace fovea
