// Sums, and what scales channels: constants and batch normalizations, taken into the layer before where that is
// possible.
#include "frontend/import/onnx/Importer.h"
#include "runtime/Error.h"

#include <cmath>

namespace fovea::onnx {

void Importer::sum(const NodeProto &node) {
  for (const std::string &input : node.input())
    if (constants.contains(input))
      return affine(node);
  if (node.input_size() == 1)
    return pass(node);
  ImportedNode made{.name = nameOf(node), .inputs = {}, .call = call("add")};
  const Value first = anyOf(node, 0);
  bool notNegative = true;
  for (int index = 0; index < node.input_size(); ++index) {
    const Value &other = anyOf(node, index);
    if (other.seen() != first.seen() || other.shape != first.shape)
      fail(node, "adds " + shapeText(other.seen()) + " to " + shapeText(first.seen()) +
                     "; only equal shapes can be imported");
    if (other.order != first.order || other.groups != first.groups)
      fail(node, "adds values whose axes are in different orders");
    notNegative &= other.notNegative;
    made.inputs.push_back(other.node);
  }
  emit(node, std::move(made), first.shape);
  Value &result = values[node.output(0)];
  result.order = first.order, result.dims = first.dims, result.groups = first.groups;
  result.notNegative = notNegative;
}

void Importer::affineOnly(const NodeProto &node) {
  if (node.input_size() != 2 || (!constants.contains(node.input(0)) && !constants.contains(node.input(1))))
    fail(node, "combines two of the network's values, which only Add can be imported for");
  affine(node);
}

void Importer::affine(const NodeProto &node) {
  if (node.input_size() != 2)
    fail(node, "adds a constant among other values");
  const int from = constants.contains(node.input(0)) ? 1 : 0;
  const Value &in = anyOf(node, from);
  const Constant &constant = constants.at(node.input(1 - from));
  const int64_t channels = in.shape[0];
  const bool image = in.shape.size() == 3, last = in.order == Order::ChannelsLast;
  // Against [N,C,H,W] a constant per channel is [C,1,1] or [1,C,1,1]; against [N,C], and [N,H,W,C], it is [C] or [1,C].
  Shape shape = constant.shape;
  while (!shape.empty() && shape.front() == 1)
    shape.erase(shape.begin());
  if (image && !last && shape.size() == 3 && shape[1] == 1 && shape[2] == 1)
    shape.resize(1);
  else if (image && !last && !shape.empty())
    shape = {-1}; // Along the columns.
  const bool one = constant.size() == 1, known = in.order == Order::Same || (last && in.seen().size() == 3);
  if (!one && (shape != Shape{channels} || !known))
    fail(node, "combines a constant of the shape " + shapeText(constant.shape) + " with " + shapeText(in.seen()) +
                   "; one number, or one per channel, can be imported");
  std::vector<double> factor(size_t(channels), 1), offset(size_t(channels), 0);
  for (size_t c = 0; c < size_t(channels); ++c) {
    const double value = constant[one ? 0 : int64_t(c)];
    const std::string &op = node.op_type();
    if (op == "Add" || op == "Sum")
      offset[c] = value;
    else if (op == "Sub") {
      offset[c] = from == 0 ? -value : value;
      factor[c] = from == 0 ? 1 : -1;
    } else if (op == "Mul")
      factor[c] = value;
    else if (from == 0)
      factor[c] = 1 / value;
    else
      fail(node, "divides a constant by the network's values");
  }
  scaleChannels(node, from, factor, offset);
}

void Importer::batchNorm(const NodeProto &node) {
  const Value &in = valueOf(node, 0);
  const int64_t channels = in.shape[0];
  std::array<const Constant *, 4> given{};
  for (int index = 0; index < 4; ++index) {
    given[size_t(index)] = constantOf(node, index + 1);
    if (!given[size_t(index)] || given[size_t(index)]->size() != channels)
      fail(node, "does not have one number for each of " + std::to_string(channels) + " channels");
  }
  if (onnx::integer(node, "training_mode", 0))
    fail(node, "normalizes by the batch's own statistics (training_mode); export the model for inference");
  const double epsilon = onnx::real(node, "epsilon", 1e-5f);
  const auto &[scale, bias, mean, variance] = given;
  std::vector<double> factor, offset;
  for (size_t c = 0; c < size_t(channels); ++c) {
    factor.push_back((*scale)[int64_t(c)] / std::sqrt((*variance)[int64_t(c)] + epsilon));
    offset.push_back((*bias)[int64_t(c)] - (*mean)[int64_t(c)] * factor.back());
  }
  scaleChannels(node, 0, factor, offset);
}

void Importer::scaleChannels(const NodeProto &node, int from, const std::vector<double> &factor,
                             const std::vector<double> &offset) {
  for (size_t c = 0; c < factor.size(); ++c)
    if (!std::isfinite(float(factor[c])) || !std::isfinite(float(offset[c])))
      fail(node, "has a factor or an offset that is not finite");
  const Value in = anyOf(node, from);
  ImportedNode &before = network.nodes[size_t(in.node)];
  const bool layer =
      in.node > 0 && (before.call.text == "conv" || before.call.text == "dense" || before.call.text == "batch_norm");
  if (layer && users[node.input(from)] == 1 && !in.shared) {
    FloatTensor &weight = before.parameters["weight"];
    const size_t perFilter = weight.values.size() / factor.size();
    for (size_t i = 0; i < weight.values.size(); ++i)
      weight.values[i] = float(double(weight.values[i]) * factor[i / perFilter]);
    if (!before.parameters.contains("bias")) {
      before.parameters["bias"] = {{int64_t(factor.size())}, std::vector<float>(factor.size())};
      std::erase_if(before.call.arguments, [](const Argument &given) { return given.name == "bias"; });
    }
    std::vector<float> &bias = before.parameters["bias"].values;
    for (size_t c = 0; c < factor.size(); ++c)
      bias[c] = float(double(bias[c]) * factor[c] + offset[c]);
    Value &result = values[node.output(0)] = in;
    result.notNegative = false;
    return;
  }
  ImportedNode made{.name = nameOf(node), .inputs = {in.node}, .call = call("batch_norm")};
  const double one = 1 / std::sqrt(1 + 1e-5); // Undoes the operation's own epsilon.
  const Shape shape{int64_t(factor.size())};
  FloatTensor weight{shape, {}}, bias{shape, {}};
  for (size_t c = 0; c < factor.size(); ++c) {
    weight.values.push_back(float(factor[c] / one));
    bias.values.push_back(float(offset[c]));
  }
  made.parameters["weight"] = weight;
  made.parameters["bias"] = bias;
  made.parameters["running_mean"] = {shape, std::vector<float>(factor.size(), 0.0f)};
  made.parameters["running_var"] = {shape, std::vector<float>(factor.size(), 1.0f)};
  emit(node, std::move(made), in.shape);
  Value &result = values[node.output(0)];
  result.order = in.order, result.dims = in.dims, result.groups = in.groups;
}

} // namespace fovea::onnx
