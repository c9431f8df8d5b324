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
  const std::vector<int64_t> shape = valueOf(node, 0).shape;
  for (int index = 0; index < node.input_size(); ++index) {
    if (valueOf(node, index).shape != shape)
      fail(node, "adds " + shapeText(valueOf(node, index).shape) + " to " + shapeText(shape) +
                     "; only equal shapes can be imported");
    made.inputs.push_back(valueOf(node, index).node);
  }
  emit(node, std::move(made), shape);
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
  const Value &in = valueOf(node, from);
  const Constant &constant = constants.at(node.input(1 - from));
  const int64_t channels = in.shape[0];
  // Against [N,C,H,W] a constant per channel is [C,1,1] or [1,C,1,1]; against [N,C] it is [C] or [1,C].
  Shape shape = constant.shape;
  while (!shape.empty() && shape.front() == 1)
    shape.erase(shape.begin());
  if (in.shape.size() == 3 && shape.size() == 3 && shape[1] == 1 && shape[2] == 1)
    shape.resize(1);
  else if (in.shape.size() == 3 && !shape.empty())
    shape = {-1}; // Along the columns.
  const bool one = constant.values.size() == 1;
  if (!one && shape != Shape{channels})
    fail(node, "combines a constant of the shape " + shapeText(constant.shape) + " with " + shapeText(in.shape) +
                   "; one number, or one per channel, can be imported");
  std::vector<double> factor(size_t(channels), 1), offset(size_t(channels), 0);
  for (size_t c = 0; c < size_t(channels); ++c) {
    const double value = constant.values[one ? 0 : c];
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
    if (!given[size_t(index)] || int64_t(given[size_t(index)]->values.size()) != channels)
      fail(node, "does not have one number for each of " + std::to_string(channels) + " channels");
  }
  const double epsilon = onnx::real(node, "epsilon", 1e-5f);
  const auto &[scale, bias, mean, variance] = given;
  std::vector<double> factor, offset;
  for (size_t c = 0; c < size_t(channels); ++c) {
    factor.push_back(scale->values[c] / std::sqrt(variance->values[c] + epsilon));
    offset.push_back(bias->values[c] - mean->values[c] * factor.back());
  }
  scaleChannels(node, 0, factor, offset);
}

void Importer::scaleChannels(const NodeProto &node, int from, const std::vector<double> &factor,
                             const std::vector<double> &offset) {
  const Value in = valueOf(node, from);
  ImportedNode &before = network.nodes[size_t(in.node)];
  const bool layer = in.node > 0 && (before.call.text == "conv" || before.call.text == "dense");
  if (layer && users[node.input(from)] == 1) {
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
    values[node.output(0)] = in;
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
}

} // namespace fovea::onnx
