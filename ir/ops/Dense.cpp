#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult DenseOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor op,
                                        InferredTypes &types) {
  const Rule rule = ruleOf<DenseOp>(location);
  const Shape x = shapeOf(op.getX()), w = shapeOf(op.getW());
  if (elementsPerImage(op.getX()) != w[1])
    return rule.broken("input " + toText(x) + " has " + Twine(elementsPerImage(op.getX())) +
                       " numbers per image, but weight " + toText(w) + " reads " + Twine(w[1]));
  types.push_back(plainF32(context, {x[0], w[0]}));
  if (failed(checkPrecision(op.getX(), op.getW(), rule)))
    return failure();
  return checkPerChannel("bias", op.getBias(), w[0], rule);
}

int64_t DenseOp::flops() { return 2 * shapeOf(getX())[0] * elements(getW()) + (getBias() ? elements(getY()) : 0); }

void DenseOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                       SmallVectorImpl<Value> &operandGradients) {
  Value dy = resultGradients[0];
  if (needed[0])
    operandGradients[0] = createFor<DenseInputGradientOp>(*this, builder, getX().getType(), dy, getW());
  if (needed[1])
    operandGradients[1] = createFor<DenseWeightGradientOp>(*this, builder, getX(), dy);
  if (getBias() && needed[2])
    operandGradients[2] = createFor<BiasGradientOp>(*this, builder, dy);
}

LogicalResult DenseInputGradientOp::verify() {
  const Rule rule = Rule::of(*this);
  const Shape dx = shapeOf(getDx()), w = shapeOf(getW());
  if (elementsPerImage(getDx()) != w[1])
    return rule.broken("dx " + toText(dx) + " has " + Twine(elementsPerImage(getDx())) +
                       " numbers per image, but weight " + toText(w) + " reads " + Twine(w[1]));
  return rule.sameShape("dy", shapeOf(getDy()), "the layer's result", {dx[0], w[0]});
}

int64_t DenseInputGradientOp::flops() { return 2 * shapeOf(getDy())[0] * elements(getW()); }

LogicalResult DenseWeightGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                      InferredTypes &types) {
  const Shape x = shapeOf(op.getX()), dy = shapeOf(op.getDy());
  if (x[0] != dy[0])
    return ruleOf<DenseWeightGradientOp>(location).broken("x " + toText(x) + " and dy " + toText(dy) +
                                                          " are of different batches");
  types.push_back(plainType(op.getX(), {dy[1], elementsPerImage(op.getX())}));
  return success();
}

int64_t DenseWeightGradientOp::flops() { return 2 * shapeOf(getDy())[0] * elements(getDw()); }

} // namespace fovea::cnn
