#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult SoftmaxCrossEntropyOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                      InferredTypes &types) {
  types.push_back(plainType(op.getLogits(), shapeOf(op.getLogits())[0]));
  const Rule rule = ruleOf<SoftmaxCrossEntropyOp>(location);
  if (Value plus = op.getPlus(); plus && shapeOf(plus)[0] != shapeOf(op.getLogits())[0])
    return rule.broken("adds losses of " + Twine(shapeOf(plus)[0]) + " images to those of " +
                       Twine(shapeOf(op.getLogits())[0]));
  return checkLoss(op.getLogits(), op.getLabels(), rule);
}

/// The maximum, its subtraction, the function, the sum.
int64_t SoftmaxCrossEntropyOp::flops() { return 4 * elements(getLogits()); }

Value SoftmaxCrossEntropyOp::predictionGradient(OpBuilder &builder, Value scalars) {
  return createFor<SoftmaxCrossEntropyGradientOp>(*this, builder, getLogits(), getLabels(), scalars, getWeightAttr());
}

LogicalResult SoftmaxCrossEntropyGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                                              Adaptor op, InferredTypes &types) {
  if (failed(checkLoss(op.getLogits(), op.getLabels(), ruleOf<SoftmaxCrossEntropyGradientOp>(location))))
    return failure();
  return inferLike(op.getLogits(), types);
}

/// A softmax, a difference, a multiplication.
int64_t SoftmaxCrossEntropyGradientOp::flops() { return 7 * elements(getLogits()); }

} // namespace fovea::cnn
