#include "frontend/export/Nodes.h"

#include "runtime/Error.h"

#include <algorithm>

namespace fovea {

namespace {

using Integers = std::vector<int64_t>;

void set(::onnx::NodeProto &node, const std::string &name, const Integers &values) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(::onnx::AttributeProto::INTS);
  for (int64_t value : values)
    attribute->add_ints(value);
}

void set(::onnx::NodeProto &node, const std::string &name, int64_t value) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(::onnx::AttributeProto::INT);
  attribute->set_i(value);
}

void set(::onnx::NodeProto &node, const std::string &name, double value) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(::onnx::AttributeProto::FLOAT);
  attribute->set_f(float(value));
}

void declare(::onnx::ValueInfoProto &value, const std::string &name, const Integers &shape) {
  value.set_name(name);
  auto *type = value.mutable_type()->mutable_tensor_type();
  type->set_elem_type(::onnx::TensorProto::FLOAT);
  type->mutable_shape()->add_dim()->set_dim_param("batch");
  for (int64_t extent : shape)
    type->mutable_shape()->add_dim()->set_dim_value(extent);
}

} // namespace

void OnnxNodes::run() {
  out.set_name(graph.network);
  declare(*out.add_input(), graph.inputName, graph.inputShape);
  names.resize(graph.nodes.size());
  names[0] = graph.inputName;
  taken = {graph.inputName, graph.outputName};
  const std::vector<bool> needed = graph.neededBy({graph.output});
  for (size_t index = 1; index < graph.nodes.size(); ++index) {
    if (!needed[index])
      continue;
    const GraphNode &one = graph.nodes[index];
    current = &one;
    const bool ends = index + 1 == graph.nodes.size() || graph.nodes[index + 1].layer != one.layer;
    result = int(index) == graph.output ? graph.outputName : unique(ends ? one.layer : one.layer + "/" + one.op);
    names[index] = result;
    add(one);
  }
  if (graph.output == 0) {
    result = graph.outputName;
    last("Identity", {names[0]});
  }
  declare(*out.add_output(), graph.outputName, graph.nodes[size_t(graph.output)].shape);
}

std::string OnnxNodes::unique(const std::string &wish) {
  std::string name = wish;
  for (int number = 2; !taken.insert(name).second; ++number)
    name = wish + "_" + std::to_string(number);
  return name;
}

std::string OnnxNodes::constant(const std::string &what, const Integers &shape, const std::vector<float> &values) {
  auto *tensor = out.add_initializer();
  tensor->set_name(unique(what.find('.') == std::string::npos ? result + "/" + what : what));
  tensor->set_data_type(::onnx::TensorProto::FLOAT);
  for (int64_t extent : shape)
    tensor->add_dims(extent);
  tensor->set_raw_data(values.data(), values.size() * sizeof(float));
  return tensor->name();
}

std::string OnnxNodes::integers(const std::string &what, const Integers &values) {
  auto *tensor = out.add_initializer();
  tensor->set_name(unique(result + "/" + what));
  tensor->set_data_type(::onnx::TensorProto::INT64);
  tensor->add_dims(int64_t(values.size()));
  for (int64_t value : values)
    tensor->add_int64_data(value);
  return tensor->name();
}

const std::vector<float> &OnnxNodes::valuesOf(int index) {
  const GraphParameter &parameter = graph.parameters[size_t(index)];
  return parameter.constant.empty() ? parameters.tensors.at(parameter.name).values : parameter.constant;
}

std::string OnnxNodes::parameter(int index, Integers shape) {
  const GraphParameter &parameter = graph.parameters[size_t(index)];
  if (shape.empty())
    shape = parameter.shape;
  if (parameter.mask.empty())
    return constant(parameter.name, shape, valuesOf(index));
  std::vector<float> connected = valuesOf(index);
  for (size_t i = 0; i < connected.size(); ++i)
    if (!parameter.mask[i])
      connected[i] = 0;
  return constant(parameter.name, shape, connected);
}

::onnx::NodeProto &OnnxNodes::node(const std::string &op, std::vector<std::string> inputs, const std::string &output) {
  auto *made = out.add_node();
  made->set_op_type(op);
  made->set_name(output);
  for (std::string &input : inputs)
    made->add_input(std::move(input));
  made->add_output(output);
  return *made;
}

std::string OnnxNodes::between(const std::string &op, std::vector<std::string> inputs) {
  return node(op, std::move(inputs), unique(result + "/" + op)).output(0);
}

void OnnxNodes::last(const std::string &op, std::vector<std::string> inputs) { node(op, std::move(inputs), result); }

void OnnxNodes::add(const GraphNode &one) {
  std::vector<std::string> inputs;
  for (int input : one.inputs)
    inputs.push_back(names[size_t(input)]);
  const std::string &x = inputs.front(), &op = one.op;
  if (op == "conv2d")
    return convolution(x);
  if (op == "dense")
    return dense(x);
  if (op == "local")
    return local(x);
  if (op == "max_pool" || op == "avg_pool")
    return pool(x);
  if (op == "lrn")
    return normalize(x);
  if (op == "rbf")
    return rbf(x);
  if (op == "scale")
    return scale(x);
  if (op == "channel_shuffle")
    return channelShuffle(x);
  if (op == "batch_norm") {
    std::vector<std::string> operands{x};
    for (int index : one.parameters)
      operands.push_back(parameter(index));
    return set(node("BatchNormalization", operands, result), "epsilon", one.epsilon);
  }
  if (op == "relu" && one.most)
    return last("Clip", {x, constant("least", {}, {0}), constant("most", {}, {float(*one.most)})});
  if (op == "relu" && one.slope != 0)
    return set(node("LeakyRelu", {x}, result), "alpha", one.slope);
  if (op == "tanh") {
    const std::string steeper = one.slope == 1 ? x : between("Mul", {x, constant("slope", {}, {float(one.slope)})});
    if (one.amplitude == 1)
      return last("Tanh", {steeper});
    return last("Mul", {between("Tanh", {steeper}), constant("amplitude", {}, {float(one.amplitude)})});
  }
  if (op == "softmax")
    return set(node("Softmax", {x}, result), "axis", int64_t(1));
  if (op == "concat")
    return set(node("Concat", inputs, result), "axis", int64_t(1));
  const std::map<std::string, std::string> plain{
      {"relu", "Relu"}, {"sigmoid", "Sigmoid"}, {"flatten", "Flatten"}, {"add", "Add"}, {"dropout", "Identity"}};
  auto found = plain.find(op);
  if (found == plain.end())
    throw Error("layer " + one.layer + ": `" + op + "` cannot be exported");
  last(found->second, inputs);
}

void OnnxNodes::convolution(const std::string &x) {
  std::vector<std::string> inputs{x};
  for (int index : current->parameters)
    inputs.push_back(parameter(index));
  const GraphParameter &weight = graph.parameters[size_t(current->parameters[0])];
  ::onnx::NodeProto &made = node("Conv", inputs, result);
  set(made, "kernel_shape", {weight.shape[2], weight.shape[3]});
  set(made, "strides", current->stride);
  set(made, "pads", current->pad);
  set(made, "dilations", current->dilation);
  set(made, "group", current->groups);
}

void OnnxNodes::dense(std::string x) {
  if (graph.nodes[size_t(current->inputs[0])].shape.size() == 3)
    x = between("Flatten", {x});
  std::vector<std::string> inputs{x};
  for (int index : current->parameters)
    inputs.push_back(parameter(index));
  set(node("Gemm", inputs, result), "transB", int64_t(1));
}

// ONNX has no unshared convolution. A convolution by unit vectors cuts out the windows; a matrix product for each pixel
// weighs them.
void OnnxNodes::local(const std::string &x) {
  const GraphParameter &weight = graph.parameters[size_t(current->parameters[0])];
  const int64_t filters = weight.shape[0], pixels = weight.shape[1] * weight.shape[2], channels = weight.shape[3];
  const int64_t area = weight.shape[4] * weight.shape[5], window = channels * area;
  std::vector<float> units(size_t(window * area));
  for (int64_t i = 0; i < window; ++i)
    units[size_t(i * area + i % area)] = 1;
  ::onnx::NodeProto &cut = node("Conv", {x, constant("units", {window, 1, weight.shape[4], weight.shape[5]}, units)},
                                unique(result + "/cut"));
  set(cut, "kernel_shape", {weight.shape[4], weight.shape[5]});
  set(cut, "strides", current->stride);
  set(cut, "pads", current->pad);
  set(cut, "group", channels);
  const std::string windows = cut.output(0); // [N, window, OH, OW]

  const std::string rows = between("Reshape", {windows, integers("windows", {0, window, pixels})});
  ::onnx::NodeProto &turned = node("Transpose", {rows}, unique(result + "/Transpose"));
  set(turned, "perm", {2, 0, 1}); // [pixels, N, window]
  const std::string perPixel = turned.output(0);
  const std::vector<float> &values = valuesOf(current->parameters[0]);
  std::vector<float> matrices(values.size()); // [pixels, window, filters]
  for (int64_t o = 0; o < filters; ++o)
    for (int64_t p = 0; p < pixels; ++p)
      for (int64_t i = 0; i < window; ++i)
        matrices[size_t((p * window + i) * filters + o)] = values[size_t((o * pixels + p) * window + i)];
  const std::string products =
      between("MatMul", {perPixel, constant(weight.name, {pixels, window, filters}, matrices)});
  ::onnx::NodeProto &back = node("Transpose", {products}, unique(result + "/Transpose"));
  set(back, "perm", {1, 2, 0}); // [N, filters, pixels]
  const std::vector<std::string> shaped{back.output(0),
                                        integers("image", {0, filters, weight.shape[1], weight.shape[2]})};
  if (current->parameters.size() == 1)
    return last("Reshape", shaped);
  last("Add", {between("Reshape", shaped), parameter(current->parameters[1])});
}

// Rounded up, the windows of a pooling end beyond its input. ONNX's ceil_mode has changed its meaning; padding has not.
void OnnxNodes::pool(const std::string &x) {
  const Integers &in = graph.nodes[size_t(current->inputs[0])].shape, &outputs = current->shape;
  Integers beyond(2);
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t end = (outputs[1 + axis] - 1) * current->stride[axis] + current->kernel[axis];
    beyond[axis] = std::max<int64_t>(0, end - in[1 + axis] - current->pad[axis] - current->pad[axis + 2]);
  }
  const bool whole = current->kernel == Integers{in[1], in[2]} && current->pad == Integers(4, 0);
  if (whole && current->divisor != "one")
    return last(current->op == "max_pool" ? "GlobalMaxPool" : "GlobalAveragePool", {x});
  if (current->op == "avg_pool")
    return averagePool(x, beyond);
  ::onnx::NodeProto &made = node("MaxPool", {x}, result);
  set(made, "kernel_shape", current->kernel);
  set(made, "strides", current->stride);
  set(made, "pads", {current->pad[0], current->pad[1], current->pad[2] + beyond[0], current->pad[3] + beyond[1]});
}

void OnnxNodes::averagePool(const std::string &x, const Integers &beyond) {
  Integers pad = current->pad;
  std::string in = x;
  const bool sums = current->divisor == "one", overhangs = beyond[0] > 0 || beyond[1] > 0;
  bool countsPadding = current->divisor != "valid";
  if (current->divisor == "padded" && overhangs) { // The padding counts, what lies beyond it does not.
    if (pad != Integers(4, 0))
      in = between("Pad", {x, integers("pads", {0, 0, pad[0], pad[1], 0, 0, pad[2], pad[3]})});
    pad = {0, 0, 0, 0};
    countsPadding = false;
  }
  ::onnx::NodeProto &made = node("AveragePool", {in}, sums ? unique(result + "/mean") : result);
  set(made, "kernel_shape", current->kernel);
  set(made, "strides", current->stride);
  set(made, "pads", {pad[0], pad[1], pad[2] + beyond[0], pad[3] + beyond[1]});
  set(made, "count_include_pad", int64_t(countsPadding));
  if (sums)
    last("Mul", {made.output(0), constant("elements", {}, {float(current->kernel[0] * current->kernel[1])})});
}

void OnnxNodes::normalize(const std::string &x) {
  const int64_t size = current->size, before = (size - 1) / 2, after = size - 1 - before, channels = current->shape[0];
  if (current->region == "across" && before == after) {
    ::onnx::NodeProto &made = node("LRN", {x}, result);
    set(made, "size", size);
    set(made, "alpha", current->alpha * double(size)); // ONNX divides it.
    set(made, "beta", current->beta);
    return set(made, "bias", current->k);
  }
  const std::string squares = between("Mul", {x, x});
  double factor = current->alpha;
  std::string sums;
  if (current->region == "across") { // ONNX Runtime has odd windows only.
    std::vector<float> band(size_t(channels * channels));
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t other = std::max<int64_t>(0, c - before); other < std::min(channels, c + after + 1); ++other)
        band[size_t(c * channels + other)] = 1;
    sums = between("Conv", {squares, constant("band", {channels, channels, 1, 1}, band)});
  } else {
    ::onnx::NodeProto &mean = node("AveragePool", {squares}, unique(result + "/mean"));
    set(mean, "kernel_shape", {size, size});
    set(mean, "pads", {before, before, after, after});
    set(mean, "count_include_pad", int64_t(1));
    sums = mean.output(0);
    factor *= double(size * size);
  }
  const std::string grown = between("Mul", {sums, constant("alpha", {}, {float(factor)})});
  const std::string base = between("Add", {grown, constant("k", {}, {float(current->k)})});
  last("Div", {x, between("Pow", {base, constant("beta", {}, {float(current->beta)})})});
}

// The squared distances to the centres.
void OnnxNodes::rbf(const std::string &x) {
  const std::string row = between("Unsqueeze", {x, integers("axis", {1})});
  const std::string difference = between("Sub", {row, parameter(current->parameters[0])});
  ::onnx::NodeProto &sum = node("ReduceSum", {between("Mul", {difference, difference}), integers("axis", {2})}, result);
  set(sum, "keepdims", int64_t(0));
}

void OnnxNodes::scale(const std::string &x) {
  const int64_t channels = current->shape[0];
  const std::string product = between("Mul", {x, parameter(current->parameters[0], {channels, 1, 1})});
  last("Add", {product, parameter(current->parameters[1], {channels, 1, 1})});
}

// Channels as [groups, channels of a group], turned round.
void OnnxNodes::channelShuffle(const std::string &x) {
  const int64_t groups = current->attributes.at("groups"), perGroup = current->shape[0] / groups;
  Integers rows{0, groups, perGroup}, turn{0, 2, 1}, back{0, current->shape[0]};
  for (size_t axis = 1; axis < current->shape.size(); ++axis) {
    rows.push_back(current->shape[axis]);
    turn.push_back(int64_t(axis) + 2);
    back.push_back(current->shape[axis]);
  }
  ::onnx::NodeProto &turned =
      node("Transpose", {between("Reshape", {x, integers("groups", rows)})}, unique(result + "/Transpose"));
  set(turned, "perm", turn);
  last("Reshape", {turned.output(0), integers("channels", back)});
}

} // namespace fovea
