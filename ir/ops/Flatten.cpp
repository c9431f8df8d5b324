#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult FlattenOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op, InferredTypes &types) {
  types.push_back(plainType(op.getX(), {shapeOf(op.getX())[0], elementsPerImage(op.getX())}));
  return success();
}

int64_t FlattenOp::flops() { return 0; }

/// flatten of [N,K] is its operand.
OpFoldResult FlattenOp::fold(FoldAdaptor) {
  return getX().getType() == getY().getType() ? OpFoldResult(getX()) : OpFoldResult();
}

void FlattenOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                         SmallVectorImpl<Value> &operandGradients) {
  if (!needed[0])
    return;
  if (tensorType(getX()).getRank() == 2)
    operandGradients[0] = resultGradients[0];
  else
    operandGradients[0] = createFor<UnflattenOp>(*this, builder, getX().getType(), resultGradients[0]);
}

LogicalResult UnflattenOp::verify() {
  const Shape y = shapeOf(getY());
  return Rule::of(*this).sameShape("x", shapeOf(getX()), "the flattened result", {y[0], elementsPerImage(getY())});
}

int64_t UnflattenOp::flops() { return 0; }

void UnflattenOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                           SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] = createFor<FlattenOp>(*this, builder, resultGradients[0]);
}

} // namespace fovea::cnn
