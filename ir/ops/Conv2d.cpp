#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

/// The result's shape of a convolution of `x` [N,C,H,W] with `w` [O,I,KH,KW]; `op` gives its window and groups: any
/// operation of the family, or its adaptor.
template <typename Convolution>
static FailureOr<SmallVector<int64_t, 4>> resultShape(Shape x, Shape w, Convolution op, Rule rule) {
  const int64_t groups = op.getGroups();
  if (groups < 1 || w[0] % groups != 0)
    return rule.broken("the " + Twine(w[0]) + " filters of weight " + toText(w) + " do not divide into " +
                       Twine(groups) + " groups");
  if (x[1] != w[1] * groups)
    return rule.broken("input " + toText(x) + " has " + Twine(x[1]) + " channels, but weight " + toText(w) + " reads " +
                       Twine(w[1]) + (groups > 1 ? " in each of " + std::to_string(groups) + " groups" : ""));
  const Window window{.kernel = w.drop_front(2), .stride = op.getStride(), .pad = op.getPad(), .dilation = op.getDilation()};
  auto extents = window.output(x, rule);
  if (failed(extents))
    return failure();
  return SmallVector<int64_t, 4>{x[0], w[0], (*extents)[0], (*extents)[1]};
}

/// Multiply-adds of one pass over the convolution, whichever of its three tensors is computed, as FLOPs.
static int64_t convolutionFlops(Value y, Value w) { return 2 * elements(y) * elementsPerImage(w); }

LogicalResult Conv2dOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor op,
                                         InferredTypes &types) {
  const Rule rule = ruleOf<Conv2dOp>(location);
  auto shape = resultShape(shapeOf(op.getX()), shapeOf(op.getW()), op, rule);
  if (failed(shape) || failed(checkPerChannel("bias", op.getBias(), (*shape)[1], rule)) ||
      failed(checkPrecision(op.getX(), op.getW(), rule)))
    return failure();
  types.push_back(plainF32(context, *shape));
  return success();
}

int64_t Conv2dOp::flops() { return convolutionFlops(getY(), getW()) + (getBias() ? elements(getY()) : 0); }

void Conv2dOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                        SmallVectorImpl<Value> &operandGradients) {
  Value dy = resultGradients[0];
  if (needed[0]) {
    Value wt = createFor<TransposeWeightOp>(*this, builder, getW());
    operandGradients[0] =
        createFor<Conv2dInputGradientOp>(*this, builder, getX().getType(), dy, wt, getStride(), getPad(),
                                         getDilation(), getGroups());
  }
  if (needed[1])
    operandGradients[1] =
        createFor<Conv2dWeightGradientOp>(*this, builder, getW().getType(), getX(), dy, getStride(),
                                         getPad(), getDilation(), getGroups());
  if (getBias() && needed[2])
    operandGradients[2] = createFor<BiasGradientOp>(*this, builder, dy);
}

LogicalResult Conv2dInputGradientOp::verify() {
  const Rule rule = Rule::of(*this);
  auto shape = resultShape(shapeOf(getDx()), shapeOf(getWt()), *this, rule);
  if (failed(shape))
    return failure();
  return rule.sameShape("dy", shapeOf(getDy()), "the convolution's result", *shape);
}

int64_t Conv2dInputGradientOp::flops() { return convolutionFlops(getDy(), getWt()); }

LogicalResult Conv2dWeightGradientOp::verify() {
  const Rule rule = Rule::of(*this);
  auto shape = resultShape(shapeOf(getX()), shapeOf(getDw()), *this, rule);
  if (failed(shape))
    return failure();
  return rule.sameShape("dy", shapeOf(getDy()), "the convolution's result", *shape);
}

int64_t Conv2dWeightGradientOp::flops() { return convolutionFlops(getDy(), getDw()); }

} // namespace fovea::cnn
