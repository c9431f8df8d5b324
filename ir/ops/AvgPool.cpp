#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

static FailureOr<SmallVector<int64_t, 4>> resultShape(Shape x, const Window &window, Rule rule) {
  auto extents = window.poolOutput(x, rule);
  if (failed(extents))
    return failure();
  return SmallVector<int64_t, 4>{x[0], x[1], (*extents)[0], (*extents)[1]};
}

LogicalResult AvgPoolOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                          InferredTypes &types) {
  auto shape = resultShape(shapeOf(op.getX()), {op.getKernel(), op.getStride(), op.getPad(), op.getCeil()},
                           ruleOf<AvgPoolOp>(location));
  if (failed(shape))
    return failure();
  types.push_back(plainType(op.getX(), *shape));
  return success();
}

int64_t AvgPoolOp::flops() { return elements(getY()) * (getKernel()[0] * getKernel()[1] + 1); }

void AvgPoolOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                         SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] = createFor<AvgPoolGradientOp>(*this, builder, getX().getType(), resultGradients[0],
                                                       getKernel(), getStride(), getPad(), getCeil(), getDivisor());
}

LogicalResult AvgPoolGradientOp::verify() {
  const Rule rule = Rule::of(*this);
  auto shape = resultShape(shapeOf(getDx()), {getKernel(), getStride(), getPad(), getCeil()}, rule);
  if (failed(shape))
    return failure();
  return rule.sameShape("dy", shapeOf(getDy()), "the pooling's result", *shape);
}

int64_t AvgPoolGradientOp::flops() { return elements(getDy()) * (getKernel()[0] * getKernel()[1] + 1); }

} // namespace fovea::cnn
