#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult MulOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                      InferredTypes &types) {
  if (failed(ruleOf<MulOp>(location).sameShape("a", shapeOf(op.getA()), "b", shapeOf(op.getB()))))
    return failure();
  return inferLike(op.getA(), types);
}

void MulOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                     SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] = createFor<MulOp>(*this, builder, resultGradients[0], getB());
  if (needed[1])
    operandGradients[1] = createFor<MulOp>(*this, builder, resultGradients[0], getA());
}

} // namespace fovea::cnn
