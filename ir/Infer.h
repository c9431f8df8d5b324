// What the operations' type inference shares.
#pragma once

#include "ir/Cnn.h"

namespace fovea::cnn {

using InferredTypes = llvm::SmallVectorImpl<mlir::Type>;

/// Rules of `Op` while its type is inferred: silent without a location.
template <typename Op> Rule ruleOf(std::optional<mlir::Location> location) {
  return {location, Op::getOperationName()};
}

/// The result's logical type is that of `value`.
inline llvm::LogicalResult inferLike(mlir::Value value, InferredTypes &types) {
  types.push_back(plainType(value, shapeOf(value)));
  return llvm::success();
}

/// `bias`, if there is one, must have one element for each of `channels`; `what` names it in the message.
inline llvm::LogicalResult checkPerChannel(llvm::StringRef what, mlir::Value bias, int64_t channels, Rule rule) {
  if (!bias || shapeOf(bias)[0] == channels)
    return llvm::success();
  return rule.broken(what + " is " + toText(shapeOf(bias)) + ", but there are " + llvm::Twine(channels) + " channels");
}

/// x and w are both of f32 or both of bf16; the result is of f32.
inline llvm::LogicalResult checkPrecision(mlir::Value x, mlir::Value w, Rule rule) {
  if (tensorType(x).getElementType() == tensorType(w).getElementType())
    return llvm::success();
  return rule.broken("x and w are of different precision; cnn.narrow rounds both");
}
inline mlir::RankedTensorType plainF32(mlir::MLIRContext *context, Shape shape) {
  return mlir::RankedTensorType::get(shape, mlir::Float32Type::get(context));
}

/// A loss of each image: one label per image, and one number per class.
inline llvm::LogicalResult checkLoss(mlir::Value prediction, mlir::Value labels, Rule rule) {
  const Shape shape = shapeOf(prediction);
  if (elementsPerImage(prediction) != shape[1])
    return rule.broken("needs one number per class, [N,K] or [N,K,1,1], not " + toText(shape));
  if (shapeOf(labels)[0] != shape[0])
    return rule.broken("has " + llvm::Twine(shapeOf(labels)[0]) + " labels for the " + llvm::Twine(shape[0]) +
                       " images of " + toText(shape));
  return llvm::success();
}

} // namespace fovea::cnn
