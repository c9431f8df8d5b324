#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult RbfMapLossOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                             InferredTypes &types) {
  types.push_back(plainType(op.getY(), shapeOf(op.getY())[0]));
  return checkLoss(op.getY(), op.getLabels(), ruleOf<RbfMapLossOp>(location));
}

/// The function and the sum.
int64_t RbfMapLossOp::flops() { return 2 * elements(getY()); }

Value RbfMapLossOp::predictionGradient(OpBuilder &builder, Value scalars) {
  return createFor<RbfMapLossGradientOp>(*this, builder, getY(), getLabels(), scalars, getJAttr());
}

LogicalResult RbfMapLossGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                     InferredTypes &types) {
  if (failed(checkLoss(op.getY(), op.getLabels(), ruleOf<RbfMapLossGradientOp>(location))))
    return failure();
  return inferLike(op.getY(), types);
}

/// The function, the sum, a division, a difference, a multiplication.
int64_t RbfMapLossGradientOp::flops() { return 5 * elements(getY()); }

} // namespace fovea::cnn
