#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult DropoutOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op, InferredTypes &types) {
  return inferLike(op.getX(), types);
}

LogicalResult DropoutOp::verify() {
  const double p = getP().convertToDouble();
  if (p >= 0 && p < 1)
    return success();
  return Rule::of(*this).broken("p must be a probability below 1, or nothing would be kept");
}

/// Inference keeps everything.
OpFoldResult DropoutOp::fold(FoldAdaptor) {
  if (getScalars() && !getP().isZero())
    return {};
  return getX().getType() == getY().getType() ? getX() : Value();
}

void DropoutOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                         SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] =
        createFor<DropoutOp>(*this, builder, resultGradients[0], getScalars(), getPAttr(), getStreamAttr());
}

} // namespace fovea::cnn
