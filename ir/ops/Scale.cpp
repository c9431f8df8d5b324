#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult ScaleOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                        InferredTypes &types) {
  const Rule rule = ruleOf<ScaleOp>(location);
  const int64_t channels = shapeOf(op.getX())[1];
  if (failed(checkPerChannel("coefficient", op.getCoefficient(), channels, rule)) ||
      failed(checkPerChannel("bias", op.getBias(), channels, rule)))
    return failure();
  return inferLike(op.getX(), types);
}

int64_t ScaleOp::flops() { return (getBias() ? 2 : 1) * elements(getY()); }

void ScaleOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                       SmallVectorImpl<Value> &operandGradients) {
  Value dy = resultGradients[0];
  if (needed[0])
    operandGradients[0] = createFor<ScaleOp>(*this, builder, dy, getCoefficient(), Value());
  if (needed[1])
    operandGradients[1] = createFor<ScaleCoefficientGradientOp>(*this, builder, getX(), dy);
  if (getBias() && needed[2])
    operandGradients[2] = createFor<BiasGradientOp>(*this, builder, dy);
}

LogicalResult ScaleCoefficientGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                           InferredTypes &types) {
  const Rule rule = ruleOf<ScaleCoefficientGradientOp>(location);
  if (failed(rule.sameShape("dy", shapeOf(op.getDy()), "x", shapeOf(op.getX()))))
    return failure();
  types.push_back(plainType(op.getX(), shapeOf(op.getX())[1]));
  return success();
}

int64_t ScaleCoefficientGradientOp::flops() { return 2 * elements(getX()); }

} // namespace fovea::cnn
