// The constants of an ONNX graph: weights, and the little sums on shapes that exporters leave behind.
#pragma once

#include "frontend/import/Network.h"
#include "onnx.pb.h"
#include "runtime/Array.h"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace fovea::onnx {

using ::onnx::AttributeProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

/// Elements of one tensor, and its axes.
inline constexpr int64_t mostElements = int64_t(1) << 28, mostAxes = 8;

/// Numbers of any of ONNX's types, as doubles: exact for floats and for whole numbers below 2^53.
struct Constant {
  Shape shape;
  std::vector<double> values;
  bool uniform = false; ///< All elements are `values[0]`: a few bytes of a file ask for any number of them.

  /// At most `mostElements`.
  int64_t size() const { return uniform ? *elementCount(shape) : int64_t(values.size()); }
  double operator[](int64_t index) const { return values[uniform ? 0 : size_t(index)]; }

  /// Truncated; numbers beyond int64 become its ends.
  std::vector<int64_t> whole() const;
};

/// "FLOAT", or the number of a type that has no name.
std::string typeName(int64_t type);

/// Throws Error (with `file` and the tensor's name) for types that hold no numbers, data outside the file, and tensors
/// whose data is not as long as their shape says.
Constant readTensor(const TensorProto &tensor, const std::string &file);

const AttributeProto *findAttribute(const NodeProto &node, const std::string &name);
int64_t integer(const NodeProto &node, const std::string &name, int64_t otherwise);
float real(const NodeProto &node, const std::string &name, float otherwise);
std::string text(const NodeProto &node, const std::string &name, const std::string &otherwise);
std::vector<int64_t> integers(const NodeProto &node, const std::string &name, std::vector<int64_t> otherwise);

/// The result of a node whose operands are all constant; nothing when it is of a kind that is not folded. Throws Error
/// when it would have more than `most` elements that differ, or `mostElements`.
std::optional<Constant> fold(const NodeProto &node, const std::vector<const Constant *> &operands, int64_t most,
                             const std::string &file);

} // namespace fovea::onnx
