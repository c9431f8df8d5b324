// Windows, dense layers, activations and reshapes.
#include "frontend/import/onnx/Importer.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cmath>

namespace fovea::onnx {

namespace {

/// A name for people: "conv1_w_0" and "features.0.weight" are of the layers "conv1" and "features.0".
std::string layerOf(std::string name) {
  for (bool shorter = true; shorter;) {
    shorter = false;
    for (const char *end : {".weight", "_weight", "_weights", "_w", "_W", "_0", "/weight", "_kernel"})
      if (const std::string ending = end; name.ends_with(ending) && name.size() > ending.size()) {
        name.resize(name.size() - ending.size());
        shorter = true;
      }
  }
  return name;
}

} // namespace

Importer::Window Importer::windowOf(const NodeProto &node, const std::vector<int64_t> &image,
                                    std::vector<int64_t> kernel) const {
  Window w{std::move(kernel), onnx::integers(node, "strides", {1, 1}), onnx::integers(node, "dilations", {1, 1}),
           onnx::integers(node, "pads", {0, 0, 0, 0})};
  if (w.kernel.size() != 2 || w.stride.size() != 2 || w.dilation.size() != 2 || w.pad.size() != 4)
    fail(node, "is not two-dimensional; only images can be imported");
  for (const auto *numbers : {&w.kernel, &w.stride, &w.dilation})
    for (int64_t number : *numbers)
      if (number < 1 || number > 1 << 20)
        fail(node, "has " + std::to_string(number) + " as a kernel, stride or dilation");
  const std::string automatic = onnx::text(node, "auto_pad", "NOTSET");
  if (automatic == "VALID")
    w.pad = {0, 0, 0, 0};
  else if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER")
    for (size_t axis = 0; axis < 2; ++axis) {
      const int64_t extent = image[1 + axis], reach = (w.kernel[axis] - 1) * w.dilation[axis] + 1;
      const int64_t outputs = (extent + w.stride[axis] - 1) / w.stride[axis];
      const int64_t total = std::max<int64_t>(0, (outputs - 1) * w.stride[axis] + reach - extent);
      w.pad[axis] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.pad[axis + 2] = total - w.pad[axis];
    }
  else if (automatic != "NOTSET" && !automatic.empty())
    fail(node, "has auto_pad `" + printable(automatic) + "`");
  return w;
}

std::vector<int64_t> Importer::outputsOf(const NodeProto &node, const std::vector<int64_t> &image, const Window &w,
                                         int64_t channels, bool ceil) const {
  std::vector<int64_t> shape{channels};
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t extent = image[1 + axis], before = w.pad[axis];
    const int64_t slack = extent + before + w.pad[axis + 2] - (w.kernel[axis] - 1) * w.dilation[axis] - 1;
    if (slack < 0)
      fail(node, "has a window larger than its input " + shapeText(image));
    int64_t outputs = (slack + (ceil ? w.stride[axis] - 1 : 0)) / w.stride[axis] + 1;
    if (ceil && (outputs - 1) * w.stride[axis] >= extent + before)
      --outputs;
    shape.push_back(outputs);
  }
  return shape;
}

void Importer::addWindow(Arguments &arguments, const Window &w, bool stride) {
  if (stride || w.stride != std::vector<int64_t>{1, 1})
    arguments.push_back(argument("stride", pair(w.stride[0], w.stride[1])));
  if (w.pad != std::vector<int64_t>(4, 0)) {
    const bool even = w.pad[0] == w.pad[2] && w.pad[1] == w.pad[3];
    arguments.push_back(argument("pad", even ? pair(w.pad[0], w.pad[1]) : list(w.pad)));
  }
  if (w.dilation != std::vector<int64_t>{1, 1})
    arguments.push_back(argument("dilation", pair(w.dilation[0], w.dilation[1])));
}

void Importer::conv(const NodeProto &node) {
  const Value &in = valueOf(node, 0, true);
  const std::vector<int64_t> image = imageOf(node, in);
  const Constant *weight = constantOf(node, 1), *bias = constantOf(node, 2);
  if (!weight || weight->shape.size() != 4)
    fail(node, "is not two-dimensional; only images can be imported");
  Window w = windowOf(node, image, {weight->shape[2], weight->shape[3]});
  for (size_t side = 0; side < 4; ++side)
    w.pad[side] += in.pad[side];
  const int64_t filters = weight->shape[0], groups = onnx::integer(node, "group", 1);
  Arguments arguments{argument(number(double(filters))), argument("kernel", pair(w.kernel[0], w.kernel[1]))};
  addWindow(arguments, w);
  if (groups != 1)
    arguments.push_back(argument("groups", number(double(groups))));
  if (!bias)
    arguments.push_back(argument("bias", word("none")));
  ImportedNode made{.name = layerOf(node.input(1)), .inputs = {in.node}, .call = call("conv", std::move(arguments))};
  made.parameters["weight"] = floats(*weight);
  if (bias)
    made.parameters["bias"] = floats(*bias);
  emit(node, std::move(made), outputsOf(node, image, w, filters, false));
}

void Importer::dense(const NodeProto &node, const Constant &weight, bool turned, double factor, const Constant *bias,
                     double biasFactor) {
  const Value &in = valueOf(node, 0);
  if (weight.shape.size() != 2)
    fail(node, "multiplies by a tensor of the shape " + shapeText(weight.shape) + ", not by a matrix");
  const int64_t outputs = weight.shape[turned ? 1 : 0], inputs = weight.shape[turned ? 0 : 1];
  if (elementCount(in.shape) != inputs || in.shape.size() != 1)
    fail(node, "multiplies " + shapeText(in.shape) + " by a matrix of " + std::to_string(inputs) + " inputs");
  FloatTensor stored{{outputs, inputs}, std::vector<float>(weight.values.size())};
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t i = 0; i < inputs; ++i)
      stored.values[size_t(o * inputs + i)] =
          float(factor * weight.values[size_t(turned ? i * outputs + o : o * inputs + i)]);
  Arguments arguments{argument(number(double(outputs)))};
  if (!bias)
    arguments.push_back(argument("bias", word("none")));
  ImportedNode made{.name = layerOf(node.input(1)), .inputs = {in.node}, .call = call("dense", std::move(arguments))};
  made.parameters["weight"] = std::move(stored);
  if (bias) {
    const size_t count = bias->values.size();
    if (count != 1 && count != size_t(outputs))
      fail(node, "adds " + std::to_string(count) + " numbers to " + std::to_string(outputs) + " outputs");
    FloatTensor offset{{outputs}, {}};
    for (int64_t o = 0; o < outputs; ++o)
      offset.values.push_back(float(biasFactor * bias->values[count == 1 ? 0 : size_t(o)]));
    made.parameters["bias"] = std::move(offset);
  }
  emit(node, std::move(made), {outputs});
}

void Importer::gemm(const NodeProto &node) {
  if (onnx::integer(node, "transA", 0))
    fail(node, "turns the network's values round (transA), which cannot be imported");
  const Constant *weight = constantOf(node, 1);
  if (!weight)
    fail(node, "has no matrix");
  dense(node, *weight, onnx::integer(node, "transB", 0) == 0, onnx::real(node, "alpha", 1), constantOf(node, 2),
        onnx::real(node, "beta", 1));
}

void Importer::matMul(const NodeProto &node) {
  const Constant *weight = constantOf(node, 1);
  if (!weight)
    fail(node, "has no matrix");
  dense(node, *weight, true, 1, nullptr, 1);
}

void Importer::pool(const NodeProto &node) {
  const Value &in = valueOf(node, 0);
  const std::vector<int64_t> image = imageOf(node, in);
  const Window w = windowOf(node, image, onnx::integers(node, "kernel_shape", {}));
  if (w.dilation != std::vector<int64_t>{1, 1})
    fail(node, "has dilated windows, which the language has for convolutions only");
  for (int index = 1; index < node.output_size(); ++index)
    if (users.contains(node.output(index)))
      fail(node, "gives the places of its maxima, which cannot be imported");
  const bool average = node.op_type() == "AveragePool", ceil = onnx::integer(node, "ceil_mode", 0) != 0;
  Arguments arguments{argument(pair(w.kernel[0], w.kernel[1]))};
  addWindow(arguments, w, true);
  if (ceil)
    arguments.push_back(argument("ceil", word("true")));
  const bool pads = w.pad != std::vector<int64_t>(4, 0);
  if (average && !onnx::integer(node, "count_include_pad", 0) && (pads || ceil))
    arguments.push_back(argument("divisor", word("valid")));
  emitSimple(node, call(average ? "avg_pool" : "max_pool", std::move(arguments)),
             outputsOf(node, image, w, image[0], ceil));
}

void Importer::globalPool(const NodeProto &node) {
  const std::vector<int64_t> image = imageOf(node, valueOf(node, 0));
  const bool average = node.op_type() == "GlobalAveragePool";
  emitSimple(node, average ? call("global_avg_pool") : call("max_pool", {argument(pair(image[1], image[2]))}),
             {image[0], 1, 1});
}

void Importer::reduceMean(const NodeProto &node) {
  const std::vector<int64_t> image = imageOf(node, valueOf(node, 0));
  std::vector<int64_t> axes = onnx::integers(node, "axes", {});
  if (const Constant *given = constantOf(node, 1))
    axes = given->whole();
  for (int64_t &axis : axes)
    axis += axis < 0 ? 4 : 0;
  std::sort(axes.begin(), axes.end());
  if (axes != std::vector<int64_t>{2, 3})
    fail(node, "takes the mean along other axes than height and width");
  emitSimple(node, call("global_avg_pool"), {image[0], 1, 1});
  if (onnx::integer(node, "keepdims", 1))
    return;
  network.nodes.push_back(
      {.name = nameOf(node) + "_flat", .inputs = {values[node.output(0)].node}, .call = call("flatten")});
  values[node.output(0)] = {int(network.nodes.size()) - 1, {image[0]}, {}};
}

void Importer::lrn(const NodeProto &node) {
  const Value &in = valueOf(node, 0);
  const int64_t size = onnx::integer(node, "size", 0);
  if (size < 1)
    fail(node, "has a size of " + std::to_string(size));
  Arguments arguments{argument("size", number(double(size))),
                      argument("alpha", number(double(onnx::real(node, "alpha", 1e-4f)) / double(size))),
                      argument("beta", number(onnx::real(node, "beta", 0.75f)))};
  if (const float k = onnx::real(node, "bias", 1); k != 1)
    arguments.push_back(argument("k", number(k)));
  emitSimple(node, call("lrn", std::move(arguments)), imageOf(node, in));
}

void Importer::plain(const NodeProto &node) {
  std::string name = node.op_type();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  emitSimple(node, call(name), valueOf(node, 0).shape);
}

void Importer::leakyRelu(const NodeProto &node) {
  emitSimple(node, call("leaky_relu", {argument("slope", number(onnx::real(node, "alpha", 0.01f)))}),
             valueOf(node, 0).shape);
}

void Importer::clip(const NodeProto &node) {
  const Constant *least = constantOf(node, 1), *most = constantOf(node, 2);
  const double low = least ? least->values.at(0) : onnx::real(node, "min", -INFINITY);
  const double high = most ? most->values.at(0) : onnx::real(node, "max", INFINITY);
  if (low != 0 || high <= 0)
    fail(node, "cuts off below " + std::to_string(low) + "; only relu, and relu with a maximum, can be imported");
  const bool open = high > 1e30;
  emitSimple(node, open ? call("relu") : call("relu", {argument("max", number(high))}), valueOf(node, 0).shape);
}

void Importer::softmax(const NodeProto &node) {
  const Value &in = valueOf(node, 0);
  const int64_t rank = int64_t(in.shape.size()) + 1;
  int64_t axis = onnx::integer(node, "axis", opset < 13 ? 1 : -1);
  axis += axis < 0 ? rank : 0;
  // Before opset 13, all axes from this one on were taken together.
  const bool onePixel = in.shape.size() == 1 || in.shape[1] * in.shape[2] == 1;
  if (axis != 1 || (opset < 13 && !onePixel))
    fail(node, "is not over the channels");
  emitSimple(node, call("softmax"), in.shape);
}

void Importer::dropout(const NodeProto &node) {
  double p = onnx::real(node, "ratio", 0.5f);
  if (const Constant *given = constantOf(node, 1))
    p = given->values.at(0);
  if (p <= 0 || p >= 1)
    return pass(node);
  emitSimple(node, call("dropout", {argument(number(p))}), valueOf(node, 0).shape);
}

void Importer::reshape(const NodeProto &node) {
  const Value &in = valueOf(node, 0);
  const int64_t count = *elementCount(in.shape);
  std::vector<int64_t> shape;
  if (node.op_type() == "Reshape") {
    const Constant *given = constantOf(node, 1);
    shape = given ? given->whole() : onnx::integers(node, "shape", {});
    if (shape.empty())
      fail(node, "makes a single number of an image");
    shape.erase(shape.begin()); // The batch.
    for (size_t axis = 0; axis < shape.size(); ++axis)
      if (shape[axis] == 0 && axis < in.shape.size())
        shape[axis] = in.shape[axis];
    for (int64_t &extent : shape)
      if (extent == -1) {
        int64_t known = 1;
        for (int64_t other : shape)
          known *= other == -1 ? 1 : std::max<int64_t>(other, 1);
        extent = count / known;
      }
  } else if (node.op_type() == "Flatten") {
    const int64_t axis = onnx::integer(node, "axis", 1), rank = int64_t(in.shape.size()) + 1;
    if (axis != 1 && axis != 1 - rank)
      fail(node, "flattens from another axis than 1");
    shape = {count};
  } else if (node.op_type() == "Unsqueeze") {
    shape = in.shape;
    if (shape.size() == 1)
      shape = {shape[0], 1, 1};
  } else {
    shape = {in.shape[0]}; // Of what is 1 x 1.
  }
  if (shape == in.shape)
    return pass(node);
  if (shape != std::vector<int64_t>{count})
    fail(node,
         "makes the shape " + shapeText(shape) + " of " + shapeText(in.shape) + "; only flattening can be imported");
  emitSimple(node, call("flatten"), shape);
}

void Importer::pad(const NodeProto &node) {
  Value value = valueOf(node, 0, true);
  imageOf(node, value);
  std::vector<int64_t> pads = onnx::integers(node, "pads", {});
  if (const Constant *given = constantOf(node, 1))
    pads = given->whole();
  const Constant *filled = constantOf(node, 2);
  const std::string mode = onnx::text(node, "mode", "constant");
  if (mode != "constant" || (filled && filled->values.at(0) != 0) || onnx::real(node, "value", 0) != 0)
    fail(node, "pads with something else than zeros");
  if (pads.size() != 8 || pads[0] || pads[1] || pads[4] || pads[5] || *std::min_element(pads.begin(), pads.end()) < 0)
    fail(node, "pads other axes than height and width, or cuts off");
  const std::array<int64_t, 4> sides{pads[2], pads[3], pads[6], pads[7]};
  for (size_t side = 0; side < 4; ++side) {
    if (sides[side] > 1 << 20)
      fail(node, "pads by " + std::to_string(sides[side]));
    value.pad[side] += sides[side]; // The convolution counts it as its own.
  }
  values[node.output(0)] = value;
}

void Importer::concat(const NodeProto &node) {
  const int64_t axis = onnx::integer(node, "axis", 1);
  std::vector<int64_t> shape = valueOf(node, 0).shape;
  if (axis != 1 && axis != -int64_t(shape.size()))
    fail(node, "joins along another axis than the channels");
  if (node.input_size() == 1)
    return pass(node);
  ImportedNode made{.name = nameOf(node), .inputs = {}, .call = call("concat")};
  shape[0] = 0;
  for (int index = 0; index < node.input_size(); ++index) {
    const Value &value = valueOf(node, index);
    if (value.shape.size() != shape.size())
      fail(node, "joins tensors of different ranks");
    made.inputs.push_back(value.node);
    shape[0] += value.shape[0];
  }
  emit(node, std::move(made), shape);
}

} // namespace fovea::onnx
