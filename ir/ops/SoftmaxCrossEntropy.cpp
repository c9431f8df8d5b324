#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult SoftmaxCrossEntropyOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                      InferredTypes &types) {
  types.push_back(plainType(op.getLogits(), shapeOf(op.getLogits())[0]));
  return checkLoss(op.getLogits(), op.getLabels(), ruleOf<SoftmaxCrossEntropyOp>(location));
}

/// The maximum, its subtraction, the function, the sum.
int64_t SoftmaxCrossEntropyOp::flops() { return 4 * elements(getLogits()); }

Value SoftmaxCrossEntropyOp::predictionGradient(OpBuilder &builder, Value scalars) {
  return createFor<SoftmaxCrossEntropyGradientOp>(*this, builder, getLogits(), getLabels(), scalars);
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
