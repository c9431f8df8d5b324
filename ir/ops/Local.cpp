#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

/// The result's shape of an unshared convolution of `x` [N,C,H,W] with `w` [O,OH,OW,I,KH,KW].
template <typename Local>
static FailureOr<SmallVector<int64_t, 4>> resultShape(Shape x, Shape w, Local op, Rule rule) {
  if (x[1] != w[3])
    return rule.broken("input " + toText(x) + " has " + Twine(x[1]) + " channels, but weight " + toText(w) + " reads " +
                       Twine(w[3]));
  const Window window{.kernel = w.drop_front(4), .stride = op.getStride(), .pad = op.getPad()};
  auto extents = window.output(x, rule);
  if (failed(extents))
    return failure();
  const SmallVector<int64_t, 4> shape{x[0], w[0], (*extents)[0], (*extents)[1]};
  if (shape[2] != w[1] || shape[3] != w[2])
    return rule.broken("weight " + toText(w) + " has filters for " + toText(w.slice(1, 2)) +
                       " pixels, but the result has " + toText(Shape(shape).drop_front(2)));
  return shape;
}

static int64_t localFlops(Value dy, Value w) { return 2 * shapeOf(dy)[0] * elements(w); }

LogicalResult LocalOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                        InferredTypes &types) {
  const Rule rule = ruleOf<LocalOp>(location);
  auto shape = resultShape(shapeOf(op.getX()), shapeOf(op.getW()), op, rule);
  if (failed(shape) || (op.getBias() && failed(rule.sameShape("bias", shapeOf(op.getBias()), "an image of the result",
                                                              Shape(*shape).drop_front()))))
    return failure();
  types.push_back(plainType(op.getX(), *shape));
  return success();
}

int64_t LocalOp::flops() { return localFlops(getY(), getW()) + (getBias() ? elements(getY()) : 0); }

void LocalOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                       SmallVectorImpl<Value> &operandGradients) {
  Value dy = resultGradients[0];
  if (needed[0])
    operandGradients[0] =
        createFor<LocalInputGradientOp>(*this, builder, getX().getType(), dy, getW(), getStride(), getPad());
  if (needed[1])
    operandGradients[1] =
        createFor<LocalWeightGradientOp>(*this, builder, getW().getType(), getX(), dy, getStride(), getPad());
  if (getBias() && needed[2])
    operandGradients[2] = createFor<LocalBiasGradientOp>(*this, builder, dy);
}

LogicalResult LocalInputGradientOp::verify() {
  const Rule rule = Rule::of(*this);
  auto shape = resultShape(shapeOf(getDx()), shapeOf(getW()), *this, rule);
  if (failed(shape))
    return failure();
  return rule.sameShape("dy", shapeOf(getDy()), "the layer's result", *shape);
}

int64_t LocalInputGradientOp::flops() { return localFlops(getDy(), getW()); }

LogicalResult LocalWeightGradientOp::verify() {
  const Rule rule = Rule::of(*this);
  auto shape = resultShape(shapeOf(getX()), shapeOf(getDw()), *this, rule);
  if (failed(shape))
    return failure();
  return rule.sameShape("dy", shapeOf(getDy()), "the layer's result", *shape);
}

int64_t LocalWeightGradientOp::flops() { return localFlops(getDy(), getDw()); }

LogicalResult LocalBiasGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op,
                                                    InferredTypes &types) {
  types.push_back(plainType(op.getDy(), shapeOf(op.getDy()).drop_front()));
  return success();
}

int64_t LocalBiasGradientOp::flops() { return elements(getDy()); }

} // namespace fovea::cnn
