// Other views of the same elements: reshapes and transpositions, which the model language has few words for. What
// undoes itself is left out; what becomes a flattening, a channel shuffle or another order of a weight's columns is
// imported.
#include "frontend/import/onnx/Importer.h"
#include "runtime/Error.h"

#include <algorithm>

namespace fovea::onnx {

void Importer::flattened(const NodeProto &node, const Value &in) {
  network.nodes.push_back({.name = nameOf(node), .inputs = {in.node}, .call = call("flatten")});
  values[node.output(0)] = {.node = int(network.nodes.size()) - 1, .shape = {*elementCount(in.shape)}};
}

void Importer::view(const NodeProto &node, std::vector<int64_t> dims) {
  Value in = anyOf(node, 0);
  const int64_t count = *elementCount(in.shape);
  if (std::any_of(dims.begin(), dims.end(), [](int64_t extent) { return extent < 1; }) || elementCount(dims) != count)
    fail(node, "makes the shape " + shapeText(dims) + " of " + shapeText(in.seen()) + " (without the batch)");
  if (in.order == Order::Turned) {
    network.nodes.push_back({.name = nameOf(node),
                             .inputs = {in.node},
                             .call = call("channel_shuffle", {argument(number(double(in.groups)))})});
    in = {.node = int(network.nodes.size()) - 1, .shape = in.shape, .notNegative = in.notNegative};
  }
  in.shared |= users[node.input(0)] > 1;
  const bool image = in.shape.size() == 3;
  if (in.order == Order::ChannelsLast && (in.shape[0] == 1 || in.shape[1] * in.shape[2] == 1))
    in.order = Order::Reshaped; // Both orders are one.
  if (in.order != Order::ChannelsLast) {
    if (image && dims == std::vector<int64_t>{count})
      return flattened(node, in);
    in.order = dims == in.shape ? Order::Same : Order::Reshaped;
  }
  in.dims = std::move(dims);
  values[node.output(0)] = std::move(in);
}

void Importer::reshape(const NodeProto &node) {
  const Value &in = anyOf(node, 0);
  const Constant *given = constantOf(node, 1);
  std::vector<int64_t> dims = given ? given->whole() : onnx::integers(node, "shape", {});
  if (dims.empty() || int64_t(dims.size()) > mostAxes)
    fail(node, "makes a tensor of " + std::to_string(dims.size()) + " axes of an image");
  const int64_t first = dims.front();
  dims.erase(dims.begin());
  if (first != 0 && first != -1 && first != 1 && first != batch)
    fail(node, "makes " + std::to_string(first) + " images of each batch");
  for (size_t axis = 0; axis < dims.size(); ++axis)
    if (dims[axis] == 0 && axis < in.seen().size())
      dims[axis] = in.seen()[axis];
  if (auto open = std::find(dims.begin(), dims.end(), -1); open != dims.end()) {
    *open = 1;
    const auto known = elementCount(dims);
    *open = known && *known > 0 ? *elementCount(in.shape) / *known : -1;
  }
  view(node, std::move(dims));
}

void Importer::flatten(const NodeProto &node) {
  const Value &in = anyOf(node, 0);
  const int64_t axis = onnx::integer(node, "axis", 1), rank = int64_t(in.seen().size()) + 1;
  if (axis != 1 && axis != 1 - rank)
    fail(node, "flattens from another axis than 1");
  view(node, {*elementCount(in.shape)});
}

std::vector<int64_t> Importer::axesOf(const NodeProto &node, int64_t rank) const {
  std::vector<int64_t> axes = onnx::integers(node, "axes", {});
  if (const Constant *given = constantOf(node, 1))
    axes = given->whole();
  for (int64_t &axis : axes) {
    if (axis < -rank || axis >= rank)
      fail(node, "has the axis " + std::to_string(axis) + " of " + std::to_string(rank));
    axis += axis < 0 ? rank : 0;
  }
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return axes;
}

void Importer::squeeze(const NodeProto &node) {
  std::vector<int64_t> dims = anyOf(node, 0).seen();
  std::vector<int64_t> axes = axesOf(node, int64_t(dims.size()) + 1);
  if (axes.empty())
    for (size_t axis = 0; axis < dims.size(); ++axis)
      if (dims[axis] == 1)
        axes.push_back(int64_t(axis) + 1);
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    if (*axis == 0 || dims[size_t(*axis) - 1] != 1)
      fail(node, "leaves out the axis " + std::to_string(*axis) + " of " + shapeText(dims) + " (without the batch)");
    dims.erase(dims.begin() + *axis - 1);
  }
  view(node, std::move(dims));
}

void Importer::unsqueeze(const NodeProto &node) {
  std::vector<int64_t> dims = anyOf(node, 0).seen();
  std::vector<int64_t> axes = onnx::integers(node, "axes", {});
  if (const Constant *given = constantOf(node, 1))
    axes = given->whole();
  if (axes.empty() || axes.size() > 4)
    fail(node, "adds " + std::to_string(axes.size()) + " axes");
  const int64_t rank = int64_t(dims.size() + axes.size()) + 1;
  for (int64_t &axis : axes)
    axis += axis < 0 ? rank : 0;
  std::sort(axes.begin(), axes.end());
  for (int64_t axis : axes) {
    if (axis < 1 || axis > int64_t(dims.size()) + 1)
      fail(node, "adds the axis " + std::to_string(axis) + " to " + shapeText(dims) + " (without the batch)");
    dims.insert(dims.begin() + axis - 1, 1);
  }
  view(node, std::move(dims));
}

void Importer::transpose(const NodeProto &node) {
  Value in = anyOf(node, 0);
  const std::vector<int64_t> order = onnx::integers(node, "perm", {}), &dims = in.seen();
  std::vector<int64_t> sorted = order, turned;
  std::sort(sorted.begin(), sorted.end());
  for (size_t axis = 0; axis < sorted.size(); ++axis)
    if (sorted[axis] != int64_t(axis) || sorted.size() != dims.size() + 1)
      fail(node, "does not say the order of its axes");
  auto refuse = [&]() {
    fail(node, "puts the axes into the order " + shapeText(order) +
                   "; only [N,H,W,C] to [N,C,H,W] and back, and channel shuffles, can be imported");
  };
  if (order.empty() || order[0] != 0)
    refuse();
  for (size_t axis = 1; axis < order.size(); ++axis)
    turned.push_back(dims[size_t(order[axis]) - 1]);
  const bool image = in.shape.size() == 3, whole = in.order != Order::Reshaped && dims.size() == 3;
  const bool swapsFirst =
      order.size() >= 3 && order[1] == 2 && order[2] == 1 && std::is_sorted(order.begin() + 3, order.end());
  in.shared |= users[node.input(0)] > 1;
  if (std::is_sorted(order.begin(), order.end())) { // Nothing moves.
  } else if (image && whole && in.order == Order::Same && order == std::vector<int64_t>{0, 2, 3, 1}) {
    in.order = Order::ChannelsLast;
  } else if (image && in.order == Order::ChannelsLast && order == std::vector<int64_t>{0, 3, 1, 2} &&
             turned == in.shape) {
    in.order = Order::Same;
  } else if (in.order == Order::Reshaped && swapsFirst && dims[0] * dims[1] == in.shape[0]) {
    in.order = Order::Turned;
    in.groups = dims[0];
  } else {
    refuse();
  }
  in.dims = std::move(turned);
  values[node.output(0)] = std::move(in);
}

} // namespace fovea::onnx
