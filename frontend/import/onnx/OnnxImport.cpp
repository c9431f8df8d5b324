#include "frontend/import/onnx/OnnxImport.h"

#include "frontend/import/onnx/Importer.h"
#include "runtime/Error.h"
#include "runtime/File.h"

#include <algorithm>
#include <filesystem>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

namespace fovea {

namespace onnx {

namespace {

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
  return model;
}

} // namespace

Importer::Importer(const std::string &file, const std::vector<int64_t> &inputShape)
    : file(file), model(readModel(file)), graph(model.graph()) {
  for (const auto &set : model.opset_import())
    if (set.domain().empty() || set.domain() == "ai.onnx")
      opset = set.version();
  if (opset < 7)
    throw Error(file + ": is of opset " + std::to_string(opset) + "; 7 is the oldest that can be imported");
  for (const auto &tensor : graph.initializer())
    constants[tensor.name()] = onnx::readTensor(tensor, file);
  findInput(inputShape);
}

ImportedNetwork Importer::run() {
  network.source = file;
  network.name = graph.name().empty() ? "Imported" : graph.name();
  const std::string producer = model.producer_name().empty() ? "" : ", made by " + printable(model.producer_name());
  network.comments = {"Imported from ONNX: " + std::filesystem::path(file).filename().string() + " (opset " +
                      std::to_string(opset) + producer + ")"};
  countUsers();
  for (const NodeProto &node : graph.node())
    add(node);
  if (graph.output_size() != 1)
    throw Error(file + ": has " + std::to_string(graph.output_size()) + " outputs; only one can be imported");
  auto output = values.find(graph.output(0).name());
  if (output == values.end())
    throw Error(file + ": no node computes the output `" + printable(graph.output(0).name()) + "`");
  network.output = output->second.node;
  return std::move(network);
}

std::string Importer::printable(const std::string &text) {
  std::string shown;
  for (char letter : text.substr(0, 80))
    shown += letter >= ' ' && letter < 127 ? letter : '?';
  return shown;
}

std::string Importer::nameOf(const NodeProto &node) {
  return printable(!node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : "without a name");
}

void Importer::fail(const NodeProto &node, const std::string &what) const {
  throw Error(file + ": node `" + nameOf(node) + "` (" + printable(node.op_type()) + ") " + what);
}

void Importer::findInput(const std::vector<int64_t> &given) {
  std::vector<const ::onnx::ValueInfoProto *> inputs;
  for (const auto &input : graph.input())
    if (!constants.contains(input.name()))
      inputs.push_back(&input);
  if (inputs.size() != 1)
    throw Error(file + ": has " + std::to_string(inputs.size()) + " inputs; networks with one can be imported");
  std::vector<int64_t> shape;
  const auto &declared = inputs[0]->type().tensor_type().shape();
  for (int axis = 1; axis < declared.dim_size(); ++axis)
    shape.push_back(declared.dim(axis).dim_value());
  if (!given.empty())
    shape = given;
  const bool known = std::all_of(shape.begin(), shape.end(), [](int64_t extent) { return extent > 0; });
  if (!known || (shape.size() != 1 && shape.size() != 3))
    throw Error(file + ": the input `" + printable(inputs[0]->name()) + "` has the shape [N" +
                (shape.empty() ? "" : ", " + shapeText(shape).substr(1, shapeText(shape).size() - 2)) +
                "]; give its channels, height and width, as --input 3,224,224");
  network.inputShape = shape;
  network.nodes.push_back({.name = inputs[0]->name()});
  values[inputs[0]->name()] = {0, shape, {}};
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
  if (node.op_type() == "Shape" && !allConstant) { // One image: the batch is the compiler's choice.
    std::vector<int64_t> shape = values.at(node.input(0)).shape;
    Constant constant{{int64_t(shape.size()) + 1}, {1.0}};
    constant.values.insert(constant.values.end(), shape.begin(), shape.end());
    constants[node.output(0)] = constant;
    return;
  }
  if (allConstant)
    if (std::optional<Constant> folded = onnx::fold(node, operands, file)) {
      constants[node.output(0)] = std::move(*folded);
      return;
    }
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
                                                                {"Cast", &Importer::identity},
                                                                {"Flatten", &Importer::reshape},
                                                                {"Reshape", &Importer::reshape},
                                                                {"Squeeze", &Importer::reshape},
                                                                {"Unsqueeze", &Importer::reshape},
                                                                {"Pad", &Importer::pad},
                                                                {"Concat", &Importer::concat},
                                                                {"Add", &Importer::sum},
                                                                {"Sum", &Importer::sum},
                                                                {"Sub", &Importer::affineOnly},
                                                                {"Mul", &Importer::affineOnly},
                                                                {"Div", &Importer::affineOnly}};
  auto found = translations.find(node.op_type());
  if (found == translations.end())
    fail(node, "cannot be imported: the model language has no such operation; replace it before exporting");
  (this->*found->second)(node);
}

const Importer::Value &Importer::valueOf(const NodeProto &node, int index, bool paddedToo) const {
  if (index >= node.input_size() || node.input(index).empty())
    fail(node, "has no input " + std::to_string(index));
  auto found = values.find(node.input(index));
  if (found == values.end())
    fail(node, "reads the constant `" + printable(node.input(index)) + "` where the network's values are expected");
  if (!paddedToo && found->second.pad != std::array<int64_t, 4>{})
    fail(node, "follows a Pad; only convolutions can take the padding in");
  return found->second;
}

const Constant *Importer::constantOf(const NodeProto &node, int index) const {
  if (index >= node.input_size() || node.input(index).empty())
    return nullptr;
  auto found = constants.find(node.input(index));
  if (found == constants.end())
    fail(node, "computes `" + printable(node.input(index)) + "`, which must be a constant");
  return &found->second;
}

FloatTensor Importer::floats(const Constant &constant) {
  return {constant.shape, {constant.values.begin(), constant.values.end()}};
}

std::vector<int64_t> Importer::imageOf(const NodeProto &node, const Value &value) const {
  if (value.shape.size() != 3)
    fail(node, "needs an image; its input has the shape " + shapeText(value.shape) + " without the batch");
  return value.shape;
}

void Importer::emit(const NodeProto &node, ImportedNode made, std::vector<int64_t> shape) {
  if (made.name.empty())
    made.name = nameOf(node);
  network.nodes.push_back(std::move(made));
  values[node.output(0)] = {int(network.nodes.size()) - 1, std::move(shape), {}};
}

void Importer::emitSimple(const NodeProto &node, ast::Expr call, std::vector<int64_t> shape) {
  emit(node, {.name = "", .inputs = {valueOf(node, 0).node}, .call = std::move(call)}, std::move(shape));
}

} // namespace onnx

ImportedNetwork importOnnx(const std::string &file, const std::vector<int64_t> &inputShape) {
  return onnx::Importer(file, inputShape).run();
}

} // namespace fovea
