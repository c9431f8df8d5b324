#include "test/codegen/numeric/KernelBuilder.h"

#include "passes/CostModel.h"
#include "passes/TilingCost.h"

namespace fovea::test {

TensorSpec KernelBuilder::activation(std::vector<int64_t> shape) const {
  const int64_t channels = shape.at(1);
  return {std::move(shape), ElementType::F32, LayoutKind::ChannelsLast, paddedChannels(channels, target), {}};
}

TensorSpec KernelBuilder::convWeight(std::vector<int64_t> shape, int64_t groups) const {
  const int64_t block = groups > 1 ? groupBlockFor(shape.at(0) / groups, target) : blockFor(shape.at(0), target);
  const std::vector<int64_t> view(shape.begin() + 1, shape.end());
  return {std::move(shape), ElementType::F32, LayoutKind::Weight, block, view};
}

TensorSpec KernelBuilder::denseWeight(int64_t outputs, const TensorSpec &input) const {
  std::vector<int64_t> view(input.shape.begin() + 1, input.shape.end());
  view.resize(3, 1);
  return {
      {outputs, view[0] * view[1] * view[2]}, ElementType::F32, LayoutKind::Weight, blockFor(outputs, target), view};
}

TensorSpec KernelBuilder::transposed(const TensorSpec &weight, int64_t groups) const {
  TensorSpec result = weight;
  result.layout = LayoutKind::WeightTransposed;
  const int64_t inputs = weight.spatial.at(0);
  result.block = groups > 1 ? groupBlockFor(inputs, target) : blockFor(inputs, target);
  return result;
}

TensorSpec KernelBuilder::vector(int64_t channels) const {
  return {{channels}, ElementType::F32, LayoutKind::Vector, paddedChannels(channels, target), {}};
}

TensorSpec KernelBuilder::localWeight(std::vector<int64_t> shape) const {
  const int64_t block = blockFor(shape.at(0), target);
  return {std::move(shape), ElementType::F32, LayoutKind::LocalWeight, block, {}};
}

TensorSpec KernelBuilder::localBias(std::vector<int64_t> shape) const {
  const int64_t block = paddedChannels(shape.at(0), target);
  return {std::move(shape), ElementType::F32, LayoutKind::ChannelsLast, block, {}};
}

TensorSpec KernelBuilder::plain(std::vector<int64_t> shape, ElementType element) {
  return {std::move(shape), element, LayoutKind::Plain, 0, {}};
}

int KernelBuilder::input(const TensorSpec &tensor) {
  kernel.inputs.push_back(tensor);
  return int(kernel.inputs.size()) - 1;
}

int KernelBuilder::op(const std::string &name, std::vector<int> operands, std::vector<TensorSpec> results,
                      std::map<std::string, Attribute> attributes) {
  int value = int(kernel.inputs.size());
  for (const OpSpec &before : kernel.ops)
    value += int(before.results.size());
  kernel.ops.push_back({name, std::move(operands), std::move(attributes), std::move(results)});
  return value;
}

std::map<std::string, Attribute> KernelBuilder::attributesOf(const Window &window, bool pool) {
  std::map<std::string, Attribute> attributes{{"stride", window.stride}, {"pad", window.pad}};
  if (pool) {
    attributes["kernel"] = window.kernel;
    attributes["ceil"] = window.ceil;
  } else if (window.groups > 1 || window.dilation != std::vector<int64_t>{1, 1}) {
    attributes["groups"] = window.groups;
    attributes["dilation"] = window.dilation;
  }
  return attributes;
}

std::vector<int64_t> windowOutputs(const Window &w, int64_t height, int64_t width) {
  auto outputs = [&](int axis, int64_t inputs) {
    const int64_t before = w.pad[axis], padded = inputs + before + w.pad[axis + 2], stride = w.stride[axis];
    const int64_t reach = (w.kernel[axis] - 1) * w.dilation[axis] + 1;
    int64_t count = (padded - reach + (w.ceil ? stride - 1 : 0)) / stride + 1;
    if (w.ceil && (count - 1) * stride >= inputs + before) // No window begins past the input.
      --count;
    return count;
  };
  return {outputs(0, height), outputs(1, width)};
}

int KernelBuilder::conv2d(int x, int weight, int bias, const Window &given) {
  Window window = given;
  window.kernel = {tensor(weight).shape[2], tensor(weight).shape[3]};
  const auto &in = tensor(x).shape;
  const auto out = windowOutputs(window, in[2], in[3]);
  const TensorSpec result = activation({in[0], tensor(weight).shape[0], out[0], out[1]});
  std::vector<int> operands{x, weight};
  if (bias >= 0)
    operands.push_back(bias);
  return op("conv2d", operands, {result}, attributesOf(window, false));
}

int KernelBuilder::dense(int x, int weight, int bias) {
  std::vector<int> operands{x, weight};
  if (bias >= 0)
    operands.push_back(bias);
  return op("dense", operands, {activation({tensor(x).shape[0], tensor(weight).shape[0]})});
}

int KernelBuilder::maxPool(int x, const Window &window, bool indices) {
  const auto &in = tensor(x).shape;
  const auto out = windowOutputs(window, in[2], in[3]);
  const TensorSpec result = activation({in[0], in[1], out[0], out[1]});
  if (!indices)
    return op("max_pool", {x}, {result}, attributesOf(window, true));
  TensorSpec bytes = result;
  bytes.element = ElementType::U8;
  return op("max_pool_indices", {x}, {result, bytes}, attributesOf(window, true));
}

int KernelBuilder::avgPool(int x, const Window &window, const std::string &divisor) {
  const auto &in = tensor(x).shape;
  const auto out = windowOutputs(window, in[2], in[3]);
  auto attributes = attributesOf(window, true);
  attributes["divisor"] = divisor;
  return op("avg_pool", {x}, {activation({in[0], in[1], out[0], out[1]})}, attributes);
}

int KernelBuilder::like(const std::string &name, std::vector<int> operands,
                        std::map<std::string, Attribute> attributes) {
  const TensorSpec result = tensor(operands[0]);
  return op(name, std::move(operands), {result}, std::move(attributes));
}

int KernelBuilder::relayout(int x, const TensorSpec &to) { return op("relayout", {x}, {to}); }

KernelSpec KernelBuilder::scheduled() const {
  KernelSpec result = kernel;
  result.schedule = schedule;
  if (!target.onDevice())
    result.schedule = chooseSchedule(result, target);
  if (!target.onDevice() && hasHalo(result) && !usesTiles(result))
    for (const auto &[key, value] : toSchedule(chooseTiling(result, target)))
      result.schedule[key] = value;
  for (const auto &[key, value] : schedule)
    result.schedule[key] = value;
  return result;
}

} // namespace fovea::test
