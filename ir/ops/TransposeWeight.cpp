#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult TransposeWeightOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op,
                                                  InferredTypes &types) {
  return inferLike(op.getW(), types);
}

int64_t TransposeWeightOp::flops() { return 0; }

} // namespace fovea::cnn
