#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult TanhOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op, InferredTypes &types) {
  return inferLike(op.getX(), types);
}

/// Two multiplications around the function.
int64_t TanhOp::flops() { return 3 * elements(getY()); }

void TanhOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                      SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] =
        createFor<TanhGradientOp>(*this, builder, getY(), resultGradients[0], getAmplitudeAttr(), getSlopeAttr());
}

LogicalResult TanhGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                               InferredTypes &types) {
  const Rule rule = ruleOf<TanhGradientOp>(location);
  if (failed(rule.sameShape("dy", shapeOf(op.getDy()), "y", shapeOf(op.getY()))))
    return failure();
  return inferLike(op.getY(), types);
}

/// A square, a division by the amplitude as a multiplication, a difference, two multiplications.
int64_t TanhGradientOp::flops() { return 5 * elements(getDx()); }

} // namespace fovea::cnn
