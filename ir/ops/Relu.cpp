#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult ReluOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op, InferredTypes &types) {
  return inferLike(op.getX(), types);
}

LogicalResult ReluOp::verify() {
  const double slope = getSlope().convertToDouble();
  if (slope < 0 || slope >= 1)
    return Rule::of(*this).broken("slope must be at least 0 and below 1");
  if (getMax() && getMax()->convertToDouble() <= 0)
    return Rule::of(*this).broken("max must be positive");
  return success();
}

void ReluOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                      SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] = createFor<ReluGradientOp>(*this, builder, getY(), resultGradients[0], getSlopeAttr(), getMaxAttr());
}

LogicalResult ReluGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                               InferredTypes &types) {
  const Rule rule = ruleOf<ReluGradientOp>(location);
  if (failed(rule.sameShape("dy", shapeOf(op.getDy()), "y", shapeOf(op.getY()))))
    return failure();
  return inferLike(op.getY(), types);
}

} // namespace fovea::cnn
