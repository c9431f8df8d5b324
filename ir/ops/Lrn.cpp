#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

/// Elements in the sum of one normalization.
template <typename Lrn> static int64_t window(Lrn op) {
  return op.getRegion() == LrnRegion::across ? op.getSize() : op.getSize() * op.getSize();
}

/// `op` is either operation of the family.
template <typename Lrn> static LogicalResult checkNumbers(Lrn op) {
  const Rule rule = Rule::of(op);
  if (op.getSize() < 1)
    return rule.broken("size must be positive, not " + Twine(op.getSize()));
  if (op.getK().convertToDouble() <= 0 || op.getAlpha().convertToDouble() < 0)
    return rule.broken("k must be positive and alpha not negative, or the root of a negative number would be taken");
  return success();
}

LogicalResult LrnOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op, InferredTypes &types) {
  return inferLike(op.getX(), types);
}

LogicalResult LrnOp::verify() { return checkNumbers(*this); }

/// A multiply-add for each square; k, power and quotient.
int64_t LrnOp::flops() { return elements(getY()) * (2 * window(*this) + 4); }

void LrnOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                     SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] =
        createFor<LrnGradientOp>(*this, builder, getX(), resultGradients[0], getSizeAttr(), getAlphaAttr(),
                                 getBetaAttr(), getKAttr(), getRegionAttr());
}

LogicalResult LrnGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                              InferredTypes &types) {
  if (failed(ruleOf<LrnGradientOp>(location).sameShape("dy", shapeOf(op.getDy()), "x", shapeOf(op.getX()))))
    return failure();
  return inferLike(op.getX(), types);
}

LogicalResult LrnGradientOp::verify() { return checkNumbers(*this); }

int64_t LrnGradientOp::flops() { return elements(getDx()) * (3 * window(*this) + 8); }

} // namespace fovea::cnn
