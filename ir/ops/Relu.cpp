#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult ReluOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op, InferredTypes &types) {
  return inferLike(op.getX(), types);
}

void ReluOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                      SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] = createFor<ReluGradientOp>(*this, builder, getY(), resultGradients[0]);
}

LogicalResult ReluGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                               InferredTypes &types) {
  const Rule rule = ruleOf<ReluGradientOp>(location);
  if (failed(rule.sameShape("dy", shapeOf(op.getDy()), "y", shapeOf(op.getY()))))
    return failure();
  return inferLike(op.getY(), types);
}

} // namespace fovea::cnn
