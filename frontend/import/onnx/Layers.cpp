// Windows, dense layers and activations.
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
  for (int64_t number : w.pad)
    if (number < 0 || number > 1 << 20)
      fail(node, "is padded by " + std::to_string(number));
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
  const Value in = paddedOf(node, 0);
  const std::vector<int64_t> image = imageOf(node, in);
  if (in.padding != 0)
    fail(node, "follows a Pad by " + std::to_string(in.padding) + "; convolutions are padded with zeros");
  const Constant *weight = constantOf(node, 1), *bias = constantOf(node, 2);
  if (!weight || weight->shape.size() != 4)
    fail(node, "is not two-dimensional; only images can be imported");
  const std::vector<int64_t> padded{image[0], image[1] + in.pad[0] + in.pad[2], image[2] + in.pad[1] + in.pad[3]};
  Window w = windowOf(node, padded, {weight->shape[2], weight->shape[3]});
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
  made.parameters["weight"] = floats(node, *weight);
  if (bias)
    made.parameters["bias"] = floats(node, *bias);
  emit(node, std::move(made), outputsOf(node, image, w, filters, false));
}

std::vector<int64_t> Importer::columnsOf(const Value &in) {
  const int64_t channels = in.shape[0], rows = in.shape[1], columns = in.shape[2];
  std::vector<int64_t> order;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t pixel = 0; pixel < rows * columns; ++pixel)
      order.push_back(pixel * channels + c);
  return order;
}

void Importer::dense(const NodeProto &node, const Constant &weight, bool turned, double factor, const Constant *bias,
                     double biasFactor) {
  const Value &in = anyOf(node, 0);
  if (weight.shape.size() != 2)
    fail(node, "multiplies by a tensor of the shape " + shapeText(weight.shape) + ", not by a matrix");
  const int64_t outputs = weight.shape[turned ? 1 : 0], inputs = weight.shape[turned ? 0 : 1];
  if (in.seen() != std::vector<int64_t>{inputs})
    fail(node, "multiplies " + shapeText(in.seen()) + " by a matrix of " + std::to_string(inputs) + " inputs");
  const std::vector<int64_t> order = in.order == Order::ChannelsLast ? columnsOf(in) : std::vector<int64_t>{};
  if (weight.uniform)
    mayRepeat -= weight.size();
  if (mayRepeat < 0)
    fail(node, "repeats one number in more than " + std::to_string(mostElements) + " parameters");
  FloatTensor stored{{outputs, inputs}, std::vector<float>(size_t(weight.size()))};
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t i = 0; i < inputs; ++i) {
      const int64_t from = order.empty() ? i : order[size_t(i)];
      stored.values[size_t(o * inputs + i)] = float(factor * weight[turned ? from * outputs + o : o * inputs + from]);
    }
  Arguments arguments{argument(number(double(outputs)))};
  if (!bias)
    arguments.push_back(argument("bias", word("none")));
  ImportedNode made{.name = layerOf(node.input(1)), .inputs = {in.node}, .call = call("dense", std::move(arguments))};
  made.parameters["weight"] = std::move(stored);
  if (bias) {
    const int64_t count = bias->size();
    if (count != 1 && (count != outputs || bias->shape.back() != outputs))
      fail(node, "adds " + std::to_string(count) + " numbers to " + std::to_string(outputs) + " outputs");
    FloatTensor offset{{outputs}, {}};
    for (int64_t o = 0; o < outputs; ++o)
      offset.values.push_back(float(biasFactor * (*bias)[count == 1 ? 0 : o]));
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
  const Value in = paddedOf(node, 0);
  const std::vector<int64_t> image = imageOf(node, in);
  const std::vector<int64_t> padded{image[0], image[1] + in.pad[0] + in.pad[2], image[2] + in.pad[1] + in.pad[3]};
  Window w = windowOf(node, padded, onnx::integers(node, "kernel_shape", {}));
  if (w.dilation != std::vector<int64_t>{1, 1})
    fail(node, "has dilated windows, which the language has for convolutions only");
  for (int index = 1; index < node.output_size(); ++index)
    if (users.contains(node.output(index)))
      fail(node, "gives the places of its maxima, which cannot be imported");
  const bool average = node.op_type() == "AveragePool", ceil = onnx::integer(node, "ceil_mode", 0) != 0;
  const std::vector<int64_t> none(4, 0);
  bool countsPadding = onnx::integer(node, "count_include_pad", 0) != 0;
  if (in.pad != std::array<int64_t, 4>{}) {
    const bool lowest = in.padding < -1e30, zero = in.padding == 0;
    if (!average && !lowest && !(zero && in.notNegative))
      fail(node, "follows a Pad whose " + std::to_string(in.padding) + " might be the maximum of a window; pad it " +
                     "itself");
    if (average && (!zero || (w.pad != none && !countsPadding)))
      fail(node, "follows a Pad and averages in another way than over all of it; pad it itself");
    countsPadding = true;
    for (size_t side = 0; side < 4; ++side)
      w.pad[side] += in.pad[side];
  }
  Arguments arguments{argument(pair(w.kernel[0], w.kernel[1]))};
  addWindow(arguments, w, true);
  if (ceil)
    arguments.push_back(argument("ceil", word("true")));
  if (average && !countsPadding && (w.pad != none || ceil))
    arguments.push_back(argument("divisor", word("valid")));
  const std::vector<int64_t> shape = outputsOf(node, image, w, image[0], ceil);
  emit(node, {.name = "", .inputs = {in.node}, .call = call(average ? "avg_pool" : "max_pool", std::move(arguments))},
       shape);
  values[node.output(0)].notNegative = in.notNegative;
}

void Importer::globalPool(const NodeProto &node) {
  const std::vector<int64_t> image = imageOf(node, valueOf(node, 0));
  const bool average = node.op_type() == "GlobalAveragePool";
  emitSimple(node, average ? call("global_avg_pool") : call("max_pool", {argument(pair(image[1], image[2]))}),
             {image[0], 1, 1});
}

void Importer::reduceMean(const NodeProto &node) {
  const Value in = anyOf(node, 0);
  const std::vector<int64_t> &dims = in.seen(), axes = axesOf(node, int64_t(dims.size()) + 1);
  const bool image = in.shape.size() == 3;
  const bool pixels = in.order == Order::Same ? axes == std::vector<int64_t>{2, 3}
                      : in.order == Order::ChannelsLast
                          ? dims.size() == 3 && axes == std::vector<int64_t>{1, 2}
                          : dims.size() == 2 && dims[0] == in.shape[0] && axes == std::vector<int64_t>{2};
  if (!image || !pixels || in.order == Order::Turned)
    fail(node, "takes the mean along other axes than height and width");
  emit(node, {.name = "", .inputs = {in.node}, .call = call("global_avg_pool")}, {in.shape[0], 1, 1});
  Value &mean = values[node.output(0)];
  mean.notNegative = in.notNegative;
  if (!onnx::integer(node, "keepdims", 1))
    return flattened(node, Value(mean));
  if (in.order == Order::Same)
    return;
  mean.order = in.order;
  mean.dims =
      in.order == Order::ChannelsLast ? std::vector<int64_t>{1, 1, in.shape[0]} : std::vector<int64_t>{in.shape[0], 1};
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
  emitElementwise(node, call(name), name != "tanh");
}

void Importer::leakyRelu(const NodeProto &node) {
  const double slope = onnx::real(node, "alpha", 0.01f);
  if (!(slope >= 0 && slope < 1))
    fail(node, "has the slope " + std::to_string(slope) + "; slopes from 0 to below 1 can be imported");
  emitElementwise(node, call("leaky_relu", {argument("slope", number(slope))}));
}

void Importer::prelu(const NodeProto &node) {
  const Constant *slopes = constantOf(node, 1);
  bool same = slopes && slopes->size() > 0;
  for (int64_t i = 1; same && !slopes->uniform && i < slopes->size(); ++i)
    same = (*slopes)[i] == (*slopes)[0];
  if (!same || !((*slopes)[0] >= 0 && (*slopes)[0] < 1))
    fail(node, "has slopes of its own for each channel; one slope, from 0 to below 1, can be imported");
  emitElementwise(node, call("leaky_relu", {argument("slope", number(float((*slopes)[0])))}));
}

void Importer::clip(const NodeProto &node) {
  const double low = scalarOf(node, 1, onnx::real(node, "min", -INFINITY));
  const double high = scalarOf(node, 2, onnx::real(node, "max", INFINITY));
  if (low < -1e30 && high > 1e30)
    return pass(node);
  if (low != 0 || !(high > 0))
    fail(node, "keeps values between " + std::to_string(low) + " and " + std::to_string(high) +
                   "; only relu, and relu with a maximum, can be imported");
  const bool open = high > 1e30;
  emitElementwise(node, open ? call("relu") : call("relu", {argument("max", number(high))}), true);
}

void Importer::softmax(const NodeProto &node) {
  const Value &in = anyOf(node, 0);
  const int64_t rank = int64_t(in.seen().size()) + 1;
  int64_t axis = onnx::integer(node, "axis", opset < 13 ? 1 : -1);
  axis += axis < 0 ? rank : 0;
  const bool flat = in.shape.size() == 1 || in.shape[1] * in.shape[2] == 1;
  const bool last = in.order == Order::ChannelsLast && in.seen().size() == 3;
  // Before opset 13, all axes from this one on were taken together.
  const bool channels = in.order == Order::Same ? axis == 1 && (opset >= 13 || flat) : last && axis == 3;
  if (!channels)
    fail(node, "is not over the channels");
  emitElementwise(node, call("softmax"), true);
}

void Importer::dropout(const NodeProto &node) {
  const double p = scalarOf(node, 1, onnx::real(node, "ratio", 0.5f));
  for (int index = 1; index < node.output_size(); ++index)
    if (users.contains(node.output(index)))
      fail(node, "gives its mask, which cannot be imported");
  if (!(p > 0 && p < 1))
    return pass(node);
  emitElementwise(node, call("dropout", {argument(number(p))}), anyOf(node, 0).notNegative);
}

void Importer::cast(const NodeProto &node) {
  const int64_t type = onnx::integer(node, "to", 0);
  if (type != TensorProto::FLOAT && type != TensorProto::FLOAT16 && type != TensorProto::DOUBLE &&
      type != TensorProto::BFLOAT16)
    fail(node, "makes " + typeName(type) + " of the network's values, which are float32");
  pass(node);
}

void Importer::pad(const NodeProto &node) {
  Value value = paddedOf(node, 0);
  imageOf(node, value);
  std::vector<int64_t> pads = onnx::integers(node, "pads", {});
  if (const Constant *given = constantOf(node, 1))
    pads = given->whole();
  if (const Constant *given = constantOf(node, 3)) { // The axes that are padded, since opset 18.
    const std::vector<int64_t> axes = given->whole();
    std::vector<int64_t> all(8, 0);
    if (pads.size() != 2 * axes.size())
      fail(node, "has " + std::to_string(pads.size()) + " widths for " + std::to_string(axes.size()) + " axes");
    for (size_t i = 0; i < axes.size(); ++i) {
      const int64_t axis = axes[i] + (axes[i] < 0 ? 4 : 0);
      if (axis < 0 || axis > 3)
        fail(node, "pads other axes than height and width, or cuts off");
      all[size_t(axis)] = pads[i];
      all[size_t(axis) + 4] = pads[i + axes.size()];
    }
    pads = all;
  }
  if (onnx::text(node, "mode", "constant") != "constant")
    fail(node, "pads with something else than a constant");
  if (pads.size() != 8 || pads[0] || pads[1] || pads[4] || pads[5] || *std::min_element(pads.begin(), pads.end()) < 0)
    fail(node, "pads other axes than height and width, or cuts off");
  const double padding = scalarOf(node, 2, onnx::real(node, "value", 0));
  if (value.pad != std::array<int64_t, 4>{} && padding != value.padding)
    fail(node, "pads with another number than the Pad before it");
  value.padding = padding;
  const std::array<int64_t, 4> sides{pads[2], pads[3], pads[6], pads[7]};
  for (size_t side = 0; side < 4; ++side) {
    if (sides[side] > 1 << 20 || value.pad[side] > 1 << 20)
      fail(node, "pads by " + std::to_string(sides[side]));
    value.pad[side] += sides[side]; // The convolution or pooling counts it as its own.
  }
  value.shared |= users[node.input(0)] > 1;
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
    if (!std::equal(shape.begin() + 1, shape.end(), value.shape.begin() + 1))
      fail(node, "joins " + shapeText(valueOf(node, 0).shape) + " and " + shapeText(value.shape));
    made.inputs.push_back(value.node);
    shape[0] += value.shape[0];
  }
  emit(node, std::move(made), shape);
}

} // namespace fovea::onnx
