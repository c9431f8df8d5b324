#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult NarrowOp::inferReturnTypes(MLIRContext *context, std::optional<Location>, Adaptor op,
                                         InferredTypes &types) {
  types.push_back(RankedTensorType::get(shapeOf(op.getX()), BFloat16Type::get(context)));
  return success();
}

LogicalResult NarrowOp::verify() {
  if (tensorType(getX()).getElementType().isBF16())
    return Rule::of(*this).broken("x is of bf16 already");
  return success();
}

} // namespace fovea::cnn
