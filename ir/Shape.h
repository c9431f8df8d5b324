// Logical shapes: what the operations' shape rules, costs and messages share.
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Operation.h"

#include <array>
#include <optional>

namespace fovea::cnn {

using Shape = llvm::ArrayRef<int64_t>;

/// The tensor type of `value`. All values of the dialect are ranked tensors.
inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline Shape shapeOf(mlir::Value value) { return tensorType(value).getShape(); }

/// Number of elements of the logical shape.
inline int64_t elements(mlir::Value value) { return tensorType(value).getNumElements(); }

/// Elements of one image: the product of all extents but the first.
int64_t elementsPerImage(mlir::Value value);

/// Bytes of all operands and results in their logical shapes.
int64_t logicalBytes(mlir::Operation *op);

/// Whether the types agree in shape and element type, whatever their layouts.
bool haveSameLogicalTypes(mlir::TypeRange a, mlir::TypeRange b);

/// A plain tensor type with the element type of `like`.
mlir::RankedTensorType plainType(mlir::Value like, Shape shape);

/// "1x3x8x8"; "a scalar" for rank 0.
std::string toText(Shape shape);
/// "[1, 3, 8, 8]".
std::string listText(llvm::ArrayRef<int64_t> numbers);

/// Reports violations of an operation's rules, when it is verified and (with a location) while its type is inferred.
struct Rule {
  std::optional<mlir::Location> location;
  llvm::StringRef op;

  static Rule of(mlir::Operation *op) { return {op->getLoc(), op->getName().getStringRef()}; }

  llvm::LogicalResult broken(const llvm::Twine &message) const {
    return mlir::emitOptionalError(location, "'", op, "' op ", message);
  }
  /// The two shapes must be equal; `what` and `than` name them: "dy", "the result of the convolution".
  llvm::LogicalResult sameShape(llvm::StringRef what, Shape shape, llvm::StringRef than, Shape expected) const;
};

/// The op's results must have the shapes of the `inferred` types.
llvm::LogicalResult checkResults(mlir::Operation *op, mlir::TypeRange inferred);

/// The sliding window of a convolution or pooling.
struct Window {
  Shape kernel, stride, pad;
  bool ceil = false;
  Shape dilation = {}; ///< Empty: 1 and 1.

  /// Height and width of the result for an input [N,C,H,W], or a message that says which number is wrong.
  llvm::FailureOr<std::array<int64_t, 2>> output(Shape input, Rule rule) const;
  /// The same for poolings, where in addition no window may lie in the padding.
  llvm::FailureOr<std::array<int64_t, 2>> poolOutput(Shape input, Rule rule) const;
};

} // namespace fovea::cnn
