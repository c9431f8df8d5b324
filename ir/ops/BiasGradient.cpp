#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult BiasGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op,
                                               InferredTypes &types) {
  types.push_back(plainType(op.getDy(), shapeOf(op.getDy())[1]));
  return success();
}

int64_t BiasGradientOp::flops() { return elements(getDy()); }

} // namespace fovea::cnn
