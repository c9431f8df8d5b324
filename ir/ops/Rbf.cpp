#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

static LogicalResult checkCenters(Shape x, Shape centers, Rule rule) {
  if (x[1] == centers[1])
    return success();
  return rule.broken("input " + toText(x) + " has " + Twine(x[1]) + " numbers per image, but centers " +
                     toText(centers) + " have " + Twine(centers[1]));
}

LogicalResult RbfOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                      InferredTypes &types) {
  const Shape x = shapeOf(op.getX()), centers = shapeOf(op.getCenters());
  types.push_back(plainType(op.getX(), {x[0], centers[0]}));
  return checkCenters(x, centers, ruleOf<RbfOp>(location));
}

/// A difference and a multiply-add for each pair of image and center.
int64_t RbfOp::flops() { return 3 * shapeOf(getX())[0] * elements(getCenters()); }

void RbfOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                     SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] = createFor<RbfInputGradientOp>(*this, builder, getX(), getCenters(), resultGradients[0]);
}

LogicalResult RbfInputGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                   InferredTypes &types) {
  const Rule rule = ruleOf<RbfInputGradientOp>(location);
  const Shape x = shapeOf(op.getX()), centers = shapeOf(op.getCenters());
  if (failed(checkCenters(x, centers, rule)) ||
      failed(rule.sameShape("dy", shapeOf(op.getDy()), "the layer's result", {x[0], centers[0]})))
    return failure();
  return inferLike(op.getX(), types);
}

int64_t RbfInputGradientOp::flops() { return 3 * shapeOf(getX())[0] * elements(getCenters()); }

} // namespace fovea::cnn
