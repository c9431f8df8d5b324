#include "frontend/import/onnx/Constants.h"

#include "runtime/Error.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

namespace fovea::onnx {

namespace {

constexpr int64_t mostElements = int64_t(1) << 28;

float fromHalf(uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const float magnitude = exponent == 0    ? std::ldexp(float(fraction), -24)
                          : exponent == 31 ? (fraction ? NAN : INFINITY)
                                           : std::ldexp(float(fraction + 1024), exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

template <typename Stored> void append(const std::string &raw, std::vector<double> &values) {
  for (size_t at = 0; at + sizeof(Stored) <= raw.size(); at += sizeof(Stored)) {
    Stored value;
    std::memcpy(&value, raw.data() + at, sizeof value);
    values.push_back(double(value));
  }
}

std::optional<Constant> elementwise(const Constant &a, const Constant &b,
                                    const std::function<double(double, double)> &operation) {
  const Constant &larger = a.values.size() >= b.values.size() ? a : b;
  if (a.values.size() != b.values.size() && a.values.size() != 1 && b.values.size() != 1)
    return std::nullopt;
  Constant result{larger.shape, {}};
  for (size_t i = 0; i < larger.values.size(); ++i)
    result.values.push_back(operation(a.values[a.values.size() == 1 ? 0 : i], b.values[b.values.size() == 1 ? 0 : i]));
  return result;
}

/// Places of new extents of 1, or of those to remove: an attribute before opset 13, an operand since.
std::vector<int64_t> axesOf(const NodeProto &node, const std::vector<const Constant *> &operands) {
  return operands.size() > 1 ? operands[1]->whole() : integers(node, "axes", {});
}

std::optional<Constant> transposed(const NodeProto &node, const Constant &in) {
  const size_t rank = in.shape.size();
  std::vector<int64_t> order(rank);
  std::iota(order.rbegin(), order.rend(), int64_t(0));
  order = integers(node, "perm", order);
  if (order.size() != rank || rank == 0)
    return std::nullopt;
  Constant out;
  std::vector<int64_t> strides(rank, 1);
  for (size_t axis = rank - 1; axis-- > 0;)
    strides[axis] = strides[axis + 1] * in.shape[axis + 1];
  for (int64_t axis : order) {
    if (axis < 0 || axis >= int64_t(rank))
      return std::nullopt;
    out.shape.push_back(in.shape[size_t(axis)]);
  }
  std::vector<int64_t> at(rank);
  for (size_t count = 0; count < in.values.size(); ++count) {
    int64_t from = 0;
    for (size_t axis = 0; axis < rank; ++axis)
      from += at[axis] * strides[size_t(order[axis])];
    out.values.push_back(in.values[size_t(from)]);
    for (size_t axis = rank; axis-- > 0 && ++at[axis] == out.shape[axis];)
      at[axis] = 0;
  }
  return out;
}

} // namespace

Constant readTensor(const TensorProto &tensor, const std::string &file) {
  auto fail = [&](const std::string &what) { throw Error(file + ": tensor `" + tensor.name() + "` " + what); };
  if (tensor.data_location() == TensorProto::EXTERNAL || tensor.external_data_size() > 0)
    fail("keeps its data in another file, which cannot be imported; save the model as one file");
  Constant constant{{tensor.dims().begin(), tensor.dims().end()}, {}};
  const auto count = elementCount(constant.shape);
  if (!count || *count > mostElements)
    fail("has the shape " + shapeText(constant.shape) + ", which is too large");
  std::vector<double> &values = constant.values;
  const std::string &raw = tensor.raw_data();
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    values.assign(tensor.float_data().begin(), tensor.float_data().end());
    append<float>(raw, values);
    break;
  case TensorProto::DOUBLE:
    values.assign(tensor.double_data().begin(), tensor.double_data().end());
    append<double>(raw, values);
    break;
  case TensorProto::INT64:
    values.assign(tensor.int64_data().begin(), tensor.int64_data().end());
    append<int64_t>(raw, values);
    break;
  case TensorProto::INT32:
    values.assign(tensor.int32_data().begin(), tensor.int32_data().end());
    append<int32_t>(raw, values);
    break;
  case TensorProto::BOOL:
    values.assign(tensor.int32_data().begin(), tensor.int32_data().end());
    append<uint8_t>(raw, values);
    break;
  case TensorProto::FLOAT16:
    for (int32_t bits : tensor.int32_data())
      values.push_back(fromHalf(uint16_t(bits)));
    for (size_t at = 0; at + 2 <= raw.size(); at += 2)
      values.push_back(fromHalf(uint16_t(uint8_t(raw[at]) | uint8_t(raw[at + 1]) << 8)));
    break;
  default:
    fail("holds elements of type " + std::to_string(tensor.data_type()) +
         ", which cannot be imported; use float32, float16, float64, int32 or int64");
  }
  if (int64_t(values.size()) != *count)
    fail("has the shape " + shapeText(constant.shape) + ", but " + std::to_string(values.size()) + " values");
  return constant;
}

const AttributeProto *findAttribute(const NodeProto &node, const std::string &name) {
  for (const AttributeProto &attribute : node.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

int64_t integer(const NodeProto &node, const std::string &name, int64_t otherwise) {
  const AttributeProto *found = findAttribute(node, name);
  return found ? found->i() : otherwise;
}

float real(const NodeProto &node, const std::string &name, float otherwise) {
  const AttributeProto *found = findAttribute(node, name);
  return found ? found->f() : otherwise;
}

std::string text(const NodeProto &node, const std::string &name, const std::string &otherwise) {
  const AttributeProto *found = findAttribute(node, name);
  return found ? found->s() : otherwise;
}

std::vector<int64_t> integers(const NodeProto &node, const std::string &name, std::vector<int64_t> otherwise) {
  const AttributeProto *found = findAttribute(node, name);
  return found ? std::vector<int64_t>(found->ints().begin(), found->ints().end()) : otherwise;
}

std::optional<Constant> fold(const NodeProto &node, const std::vector<const Constant *> &operands,
                             const std::string &file) {
  const std::string &op = node.op_type();
  if (op == "Constant") {
    if (const AttributeProto *value = findAttribute(node, "value"))
      return readTensor(value->t(), file);
    if (const AttributeProto *value = findAttribute(node, "value_float"))
      return Constant{{}, {value->f()}};
    if (const AttributeProto *value = findAttribute(node, "value_int"))
      return Constant{{}, {double(value->i())}};
    if (const AttributeProto *value = findAttribute(node, "value_ints"))
      return Constant{{value->ints_size()}, {value->ints().begin(), value->ints().end()}};
    if (const AttributeProto *value = findAttribute(node, "value_floats"))
      return Constant{{value->floats_size()}, {value->floats().begin(), value->floats().end()}};
    return std::nullopt;
  }
  if (operands.empty())
    return std::nullopt;
  const Constant &first = *operands[0];
  if (op == "ConstantOfShape") {
    const AttributeProto *value = findAttribute(node, "value");
    const double filled = value ? readTensor(value->t(), file).values.at(0) : 0;
    Constant result{first.whole(), {}};
    const auto count = elementCount(result.shape);
    if (!count || *count > mostElements)
      throw Error(file + ": node `" + node.name() + "` (ConstantOfShape) makes a tensor of the shape " +
                  shapeText(result.shape) + ", which is too large");
    result.values.assign(size_t(*count), filled);
    return result;
  }
  if (op == "Identity" || op == "Cast")
    return first;
  if (op == "Transpose")
    return transposed(node, first);
  if (op == "Unsqueeze" || op == "Squeeze" || op == "Flatten") {
    Constant result = first; // The same values; shapes of constants matter by their length and last extents only.
    if (op == "Unsqueeze")
      for (int64_t axis : axesOf(node, operands))
        if (axis >= 0 && axis <= int64_t(result.shape.size()))
          result.shape.insert(result.shape.begin() + axis, 1);
    if (op == "Squeeze")
      result.shape.erase(std::remove(result.shape.begin(), result.shape.end(), 1), result.shape.end());
    return result;
  }
  if (op == "Reshape" && operands.size() > 1) {
    Constant result{operands[1]->whole(), first.values};
    int64_t known = 1, open = -1;
    for (size_t axis = 0; axis < result.shape.size(); ++axis) {
      if (result.shape[axis] == 0 && axis < first.shape.size())
        result.shape[axis] = first.shape[axis];
      if (result.shape[axis] == -1)
        open = int64_t(axis);
      else
        known *= result.shape[axis];
    }
    if (open >= 0 && known > 0)
      result.shape[size_t(open)] = int64_t(first.values.size()) / known;
    const auto count = elementCount(result.shape);
    return count && *count == int64_t(first.values.size()) ? std::optional(result) : std::nullopt;
  }
  if (op == "Gather" && operands.size() > 1 && first.shape.size() == 1) {
    Constant result{operands[1]->shape, {}};
    for (int64_t index : operands[1]->whole()) {
      index += index < 0 ? first.shape[0] : 0;
      if (index < 0 || index >= first.shape[0])
        return std::nullopt;
      result.values.push_back(first.values[size_t(index)]);
    }
    return result;
  }
  if (op == "Concat") {
    Constant result{{0}, {}};
    for (const Constant *operand : operands)
      result.values.insert(result.values.end(), operand->values.begin(), operand->values.end());
    result.shape[0] = int64_t(result.values.size());
    return result;
  }
  if (operands.size() == 2) {
    if (op == "Add")
      return elementwise(first, *operands[1], std::plus<double>());
    if (op == "Sub")
      return elementwise(first, *operands[1], std::minus<double>());
    if (op == "Mul")
      return elementwise(first, *operands[1], std::multiplies<double>());
    if (op == "Div")
      return elementwise(first, *operands[1], std::divides<double>());
  }
  return std::nullopt;
}

} // namespace fovea::onnx
