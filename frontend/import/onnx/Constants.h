// The constants of an ONNX graph: weights, and the little sums on shapes that exporters leave behind.
#pragma once

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

/// Numbers of any of ONNX's types, as doubles: exact for floats and for whole numbers below 2^53.
struct Constant {
  Shape shape;
  std::vector<double> values;

  std::vector<int64_t> whole() const { return {values.begin(), values.end()}; }
};

/// Throws Error (with `file` and the tensor's name) for types that hold no numbers, data outside the file, and tensors
/// whose data is not as long as their shape says.
Constant readTensor(const TensorProto &tensor, const std::string &file);

const AttributeProto *findAttribute(const NodeProto &node, const std::string &name);
int64_t integer(const NodeProto &node, const std::string &name, int64_t otherwise);
float real(const NodeProto &node, const std::string &name, float otherwise);
std::string text(const NodeProto &node, const std::string &name, const std::string &otherwise);
std::vector<int64_t> integers(const NodeProto &node, const std::string &name, std::vector<int64_t> otherwise);

/// The result of a node whose operands are all constant; nothing when it is of a kind that is not folded.
std::optional<Constant> fold(const NodeProto &node, const std::vector<const Constant *> &operands,
                             const std::string &file);

} // namespace fovea::onnx
