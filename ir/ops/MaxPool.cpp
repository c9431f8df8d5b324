#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

/// `op` is any operation of the family, or its adaptor.
template <typename Pool> static Window windowOf(Pool op) {
  return {op.getKernel(), op.getStride(), op.getPad(), op.getCeil()};
}

static FailureOr<SmallVector<int64_t, 4>> resultShape(Shape x, const Window &window, Rule rule) {
  auto extents = window.poolOutput(x, rule);
  if (failed(extents))
    return failure();
  return SmallVector<int64_t, 4>{x[0], x[1], (*extents)[0], (*extents)[1]};
}

/// An index must fit into a byte.
static LogicalResult checkIndices(Shape kernel, Rule rule) {
  if (kernel[0] * kernel[1] <= 256)
    return success();
  return rule.broken("a window of " + toText(kernel) + " has more than the 256 positions an index can tell apart");
}

LogicalResult MaxPoolOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                          InferredTypes &types) {
  auto shape = resultShape(shapeOf(op.getX()), windowOf(op), ruleOf<MaxPoolOp>(location));
  if (failed(shape))
    return failure();
  types.push_back(plainType(op.getX(), *shape));
  return success();
}

int64_t MaxPoolOp::flops() { return elements(getY()) * getKernel()[0] * getKernel()[1]; }

LogicalResult MaxPoolIndicesOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor op,
                                                 InferredTypes &types) {
  const Rule rule = ruleOf<MaxPoolIndicesOp>(location);
  auto shape = resultShape(shapeOf(op.getX()), windowOf(op), rule);
  if (failed(shape) || failed(checkIndices(op.getKernel(), rule)))
    return failure();
  types.push_back(plainType(op.getX(), *shape));
  types.push_back(RankedTensorType::get(*shape, IntegerType::get(context, 8)));
  return success();
}

int64_t MaxPoolIndicesOp::flops() { return elements(getY()) * getKernel()[0] * getKernel()[1]; }

void MaxPoolIndicesOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                                SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] =
        createFor<MaxPoolGradientOp>(*this, builder, getX().getType(), getIndices(), resultGradients[0], getKernel(),
                                     getStride(), getPad(), getCeil());
}

LogicalResult MaxPoolGradientOp::verify() {
  const Rule rule = Rule::of(*this);
  auto shape = resultShape(shapeOf(getDx()), windowOf(*this), rule);
  if (failed(shape) || failed(checkIndices(getKernel(), rule)) ||
      failed(rule.sameShape("dy", shapeOf(getDy()), "the pooling's result", *shape)))
    return failure();
  return rule.sameShape("indices", shapeOf(getIndices()), "dy", shapeOf(getDy()));
}

int64_t MaxPoolGradientOp::flops() { return elements(getDy()); }

} // namespace fovea::cnn
