#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op, InferredTypes &types) {
  return inferLike(op.getX(), types);
}

/// The maximum, its subtraction, the function, the sum, the division.
int64_t SoftmaxOp::flops() { return 5 * elements(getY()); }

void SoftmaxOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                         SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] = createFor<SoftmaxGradientOp>(*this, builder, getY(), resultGradients[0]);
}

LogicalResult SoftmaxGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                  InferredTypes &types) {
  const Rule rule = ruleOf<SoftmaxGradientOp>(location);
  if (failed(rule.sameShape("dy", shapeOf(op.getDy()), "y", shapeOf(op.getY()))))
    return failure();
  return inferLike(op.getY(), types);
}

/// A multiply-add for the sum, a difference, a multiplication.
int64_t SoftmaxGradientOp::flops() { return 4 * elements(getDx()); }

} // namespace fovea::cnn
