#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult AddOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                      InferredTypes &types) {
  if (failed(ruleOf<AddOp>(location).sameShape("a", shapeOf(op.getA()), "b", shapeOf(op.getB()))))
    return failure();
  return inferLike(op.getA(), types);
}

void AddOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                     SmallVectorImpl<Value> &operandGradients) {
  for (int i : {0, 1})
    if (needed[i])
      operandGradients[i] = resultGradients[0];
}

} // namespace fovea::cnn
