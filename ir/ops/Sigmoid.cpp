#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult SigmoidOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op, InferredTypes &types) {
  return inferLike(op.getX(), types);
}

/// A function, a sum, a division.
int64_t SigmoidOp::flops() { return 3 * elements(getY()); }

void SigmoidOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                         SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] = createFor<SigmoidGradientOp>(*this, builder, getY(), resultGradients[0]);
}

LogicalResult SigmoidGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                  InferredTypes &types) {
  const Rule rule = ruleOf<SigmoidGradientOp>(location);
  if (failed(rule.sameShape("dy", shapeOf(op.getDy()), "y", shapeOf(op.getY()))))
    return failure();
  return inferLike(op.getY(), types);
}

/// A difference and two multiplications.
int64_t SigmoidGradientOp::flops() { return 3 * elements(getDx()); }

} // namespace fovea::cnn
