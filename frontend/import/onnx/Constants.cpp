#include "frontend/import/onnx/Constants.h"

#include "runtime/Error.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

namespace fovea::onnx {

namespace {

float fromHalf(uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const float magnitude = exponent == 0    ? std::ldexp(float(fraction), -24)
                          : exponent == 31 ? (fraction ? NAN : INFINITY)
                                           : std::ldexp(float(fraction + 1024), exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

/// Returns how many bytes are left over.
template <typename Stored> size_t append(const std::string &raw, std::vector<double> &values) {
  for (size_t at = 0; at + sizeof(Stored) <= raw.size(); at += sizeof(Stored)) {
    Stored value;
    std::memcpy(&value, raw.data() + at, sizeof value);
    values.push_back(double(value));
  }
  return raw.size() % sizeof(Stored);
}

/// Truncated; numbers beyond int64 become its ends, what is no number 0.
int64_t wholeOf(double value) {
  constexpr double end = 9.2e18;
  return std::isnan(value) ? 0 : int64_t(std::clamp(value, -end, end));
}

/// What a fold needs to know beside its operands.
struct Folding {
  const NodeProto &node;
  const std::vector<const Constant *> &operands;
  const int64_t most;
  const std::string &file;

  [[noreturn]] void fail(const std::string &what) const {
    throw Error(file + ": node `" + printable(node.name().empty() ? node.output(0) : node.name()) + "` (" +
                printable(node.op_type()) + ") " + what);
  }
  void limit(int64_t count) const {
    if (count > most)
      fail("makes " + std::to_string(count) + " numbers, which is too large for a file of this size");
  }
};

std::optional<Constant> elementwise(const Folding &folding, const std::function<double(double, double)> &operation) {
  const Constant &a = *folding.operands[0], &b = *folding.operands[1];
  if (a.size() != b.size() && a.size() != 1 && b.size() != 1)
    return std::nullopt;
  const bool uniform = (a.uniform || a.size() == 1) && (b.uniform || b.size() == 1);
  Constant result{(a.size() >= b.size() ? a : b).shape, {}, uniform};
  const int64_t count = uniform ? std::min<int64_t>(1, std::min(a.size(), b.size())) : std::max(a.size(), b.size());
  folding.limit(count);
  for (int64_t i = 0; i < count; ++i)
    result.values.push_back(operation(a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]));
  return result;
}

/// Places of new extents of 1, or of those to remove: an attribute before opset 13, an operand since.
std::vector<int64_t> axesOf(const Folding &folding) {
  return folding.operands.size() > 1 ? folding.operands[1]->whole() : integers(folding.node, "axes", {});
}

std::optional<Constant> transposed(const Folding &folding) {
  const Constant &in = *folding.operands[0];
  const size_t rank = in.shape.size();
  std::vector<int64_t> order(rank), sorted;
  std::iota(order.rbegin(), order.rend(), int64_t(0));
  order = integers(folding.node, "perm", order);
  sorted = order;
  std::sort(sorted.begin(), sorted.end());
  if (order.size() != rank || rank == 0)
    return std::nullopt;
  for (size_t axis = 0; axis < rank; ++axis)
    if (sorted[axis] != int64_t(axis))
      return std::nullopt;
  Constant out;
  std::vector<int64_t> strides(rank, 1);
  for (size_t axis = rank - 1; axis-- > 0;)
    strides[axis] = strides[axis + 1] * in.shape[axis + 1];
  for (int64_t axis : order)
    out.shape.push_back(in.shape[size_t(axis)]);
  if (in.uniform)
    return Constant{out.shape, in.values, true};
  folding.limit(in.size());
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

Constant constantOfShape(const Folding &folding) {
  const AttributeProto *value = findAttribute(folding.node, "value");
  const Constant filled = value ? readTensor(value->t(), folding.file) : Constant{{1}, {0}};
  if (folding.operands[0]->size() > mostAxes)
    folding.fail("makes a tensor of " + std::to_string(folding.operands[0]->size()) + " axes");
  Constant result{folding.operands[0]->whole(), {filled.size() > 0 ? filled[0] : 0}, true};
  const auto count = elementCount(result.shape);
  if (!count || *count > mostElements)
    folding.fail("makes a tensor of the shape " + shapeText(result.shape) + ", which is too large");
  return result;
}

std::optional<Constant> reshaped(const Folding &folding) {
  const Constant &first = *folding.operands[0];
  if (folding.operands[1]->size() > mostAxes)
    return std::nullopt;
  Constant result{folding.operands[1]->whole(), {}, first.uniform};
  int64_t open = -1;
  for (size_t axis = 0; axis < result.shape.size(); ++axis) {
    if (result.shape[axis] == 0 && axis < first.shape.size())
      result.shape[axis] = first.shape[axis];
    if (result.shape[axis] == -1) {
      if (open >= 0)
        return std::nullopt;
      open = int64_t(axis);
      result.shape[axis] = 1;
    }
  }
  const auto known = elementCount(result.shape);
  if (!known)
    return std::nullopt;
  if (open >= 0 && *known > 0)
    result.shape[size_t(open)] = first.size() / *known;
  if (elementCount(result.shape) != first.size())
    return std::nullopt;
  folding.limit(int64_t(first.values.size()));
  result.values = first.values;
  return result;
}

/// Elements of a list, by their places.
std::optional<Constant> gathered(const Folding &folding) {
  const Constant &first = *folding.operands[0];
  if (folding.operands.size() < 2 || first.shape.size() != 1 || integer(folding.node, "axis", 0) != 0)
    return std::nullopt;
  folding.limit(folding.operands[1]->size());
  Constant result{folding.operands[1]->shape, {}};
  for (int64_t i = 0; i < folding.operands[1]->size(); ++i) {
    int64_t index = wholeOf((*folding.operands[1])[i]);
    index += index < 0 ? first.size() : 0;
    if (index < 0 || index >= first.size())
      return std::nullopt;
    result.values.push_back(first[index]);
  }
  return result;
}

/// A part of a list: starts and ends are attributes before opset 10, operands since.
std::optional<Constant> sliced(const Folding &folding) {
  const Constant &first = *folding.operands[0];
  auto part = [&](size_t index, const char *name) {
    return folding.operands.size() > index ? folding.operands[index]->whole() : integers(folding.node, name, {});
  };
  const auto starts = part(1, "starts"), ends = part(2, "ends"), axes = part(3, "axes"), steps = part(4, "steps");
  const bool simple = (axes.empty() || axes == Shape{0}) && (steps.empty() || steps == Shape{1});
  if (first.shape.size() != 1 || starts.size() != 1 || ends.size() != 1 || !simple)
    return std::nullopt;
  const int64_t size = first.size();
  auto inside = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size); };
  folding.limit(size);
  Constant result{{0}, {}};
  for (int64_t i = inside(starts[0]); i < inside(ends[0]); ++i)
    result.values.push_back(first[i]);
  result.shape[0] = int64_t(result.values.size());
  return result;
}

std::optional<Constant> joined(const Folding &folding) {
  Constant result{{0}, {}};
  for (const Constant *operand : folding.operands) {
    if (operand->shape.size() > 1)
      return std::nullopt;
    folding.limit(int64_t(result.values.size()) + operand->size());
    for (int64_t i = 0; i < operand->size(); ++i)
      result.values.push_back((*operand)[i]);
  }
  result.shape[0] = int64_t(result.values.size());
  return result;
}

bool isWhole(int64_t type) {
  return type == TensorProto::INT64 || type == TensorProto::INT32 || type == TensorProto::BOOL ||
         type == TensorProto::UINT8 || type == TensorProto::INT8 || type == TensorProto::INT16 ||
         type == TensorProto::UINT16 || type == TensorProto::UINT32 || type == TensorProto::UINT64;
}

std::optional<Constant> literal(const Folding &folding) {
  const NodeProto &node = folding.node;
  if (const AttributeProto *value = findAttribute(node, "value"))
    return readTensor(value->t(), folding.file);
  if (const AttributeProto *value = findAttribute(node, "value_float"))
    return Constant{{}, {value->f()}};
  if (const AttributeProto *value = findAttribute(node, "value_int"))
    return Constant{{}, {double(value->i())}};
  if (const AttributeProto *value = findAttribute(node, "value_ints"))
    return Constant{{value->ints_size()}, {value->ints().begin(), value->ints().end()}};
  if (const AttributeProto *value = findAttribute(node, "value_floats"))
    return Constant{{value->floats_size()}, {value->floats().begin(), value->floats().end()}};
  folding.fail("holds no tensor of numbers, which alone can be imported");
}

} // namespace

std::string typeName(int64_t type) {
  const std::string name = TensorProto::DataType_IsValid(int(type)) ? TensorProto::DataType_Name(int(type)) : "";
  return name.empty() ? std::to_string(type) : name;
}

std::vector<int64_t> Constant::whole() const {
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < std::min<int64_t>(size(), 1 << 20); ++i)
    numbers.push_back(wholeOf((*this)[i]));
  return numbers;
}

Constant readTensor(const TensorProto &tensor, const std::string &file) {
  auto fail = [&](const std::string &what) {
    throw Error(file + ": tensor `" + printable(tensor.name()) + "` " + what);
  };
  if (tensor.data_location() == TensorProto::EXTERNAL || tensor.external_data_size() > 0)
    fail("keeps its data in another file, which cannot be imported; save the model as one file");
  if (tensor.dims_size() > mostAxes)
    fail("has " + std::to_string(tensor.dims_size()) + " axes");
  Constant constant{{tensor.dims().begin(), tensor.dims().end()}, {}};
  const auto count = elementCount(constant.shape);
  if (!count || *count > mostElements)
    fail("has the shape " + shapeText(constant.shape) + ", which is too large");
  std::vector<double> &values = constant.values;
  const std::string &raw = tensor.raw_data();
  size_t rest = 0;
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    values.assign(tensor.float_data().begin(), tensor.float_data().end());
    rest = append<float>(raw, values);
    break;
  case TensorProto::DOUBLE:
    values.assign(tensor.double_data().begin(), tensor.double_data().end());
    rest = append<double>(raw, values);
    break;
  case TensorProto::INT64:
    values.assign(tensor.int64_data().begin(), tensor.int64_data().end());
    rest = append<int64_t>(raw, values);
    break;
  case TensorProto::INT32:
    values.assign(tensor.int32_data().begin(), tensor.int32_data().end());
    rest = append<int32_t>(raw, values);
    break;
  case TensorProto::BOOL:
    values.assign(tensor.int32_data().begin(), tensor.int32_data().end());
    rest = append<uint8_t>(raw, values);
    break;
  case TensorProto::FLOAT16:
    for (int32_t bits : tensor.int32_data())
      values.push_back(fromHalf(uint16_t(bits)));
    for (size_t at = 0; at + 2 <= raw.size(); at += 2)
      values.push_back(fromHalf(uint16_t(uint8_t(raw[at]) | uint8_t(raw[at + 1]) << 8)));
    rest = raw.size() % 2;
    break;
  default:
    fail("holds elements of the type " + typeName(tensor.data_type()) +
         ", which cannot be imported; use float32, float16, float64, int32 or int64");
  }
  if (rest != 0)
    fail("ends in the middle of a number");
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

std::optional<Constant> fold(const NodeProto &node, const std::vector<const Constant *> &operands, int64_t most,
                             const std::string &file) {
  const Folding folding{node, operands, most, file};
  const std::string &op = node.op_type();
  if (op == "Constant")
    return literal(folding);
  if (operands.empty())
    return std::nullopt;
  const Constant &first = *operands[0];
  if (op == "ConstantOfShape")
    return constantOfShape(folding);
  if (op == "Identity" || op == "Cast" || op == "Unsqueeze" || op == "Squeeze" || op == "Flatten") {
    folding.limit(int64_t(first.values.size()));
    Constant result = first; // The same values; shapes of constants matter by their length and last extents only.
    if (op == "Cast" && isWhole(integer(node, "to", 0)))
      for (double &value : result.values)
        value = std::trunc(value);
    if (op == "Unsqueeze")
      for (int64_t axis : axesOf(folding))
        if (axis >= 0 && axis <= int64_t(result.shape.size()) && int64_t(result.shape.size()) < mostAxes)
          result.shape.insert(result.shape.begin() + axis, 1);
    if (op == "Squeeze")
      result.shape.erase(std::remove(result.shape.begin(), result.shape.end(), 1), result.shape.end());
    return result;
  }
  if (op == "Shape") {
    Constant result{{int64_t(first.shape.size())}, {}};
    result.values.assign(first.shape.begin(), first.shape.end());
    return result;
  }
  if (op == "Transpose")
    return transposed(folding);
  if (op == "Reshape" && operands.size() > 1)
    return reshaped(folding);
  if (op == "Gather")
    return gathered(folding);
  if (op == "Slice")
    return sliced(folding);
  if (op == "Concat")
    return joined(folding);
  if (operands.size() == 2) {
    if (op == "Add")
      return elementwise(folding, std::plus<double>());
    if (op == "Sub")
      return elementwise(folding, std::minus<double>());
    if (op == "Mul")
      return elementwise(folding, std::multiplies<double>());
    if (op == "Div")
      return elementwise(folding, std::divides<double>());
  }
  if (op == "Sqrt") { // Of a variance, where an image is normalized.
    folding.limit(int64_t(first.values.size()));
    Constant result = first;
    for (double &value : result.values)
      value = std::sqrt(value);
    return result;
  }
  return std::nullopt;
}

} // namespace fovea::onnx
