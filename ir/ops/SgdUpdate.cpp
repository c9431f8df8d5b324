#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult SgdUpdateOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                            InferredTypes &types) {
  const Rule rule = ruleOf<SgdUpdateOp>(location);
  if (failed(rule.sameShape("gradient", shapeOf(op.getG()), "weight", shapeOf(op.getW()))) ||
      failed(rule.sameShape("momentum", shapeOf(op.getV()), "weight", shapeOf(op.getW()))) ||
      failed(inferLike(op.getW(), types)))
    return failure();
  return inferLike(op.getV(), types);
}

/// Three multiply-adds: decay, momentum, update. The factors are multiplied once.
int64_t SgdUpdateOp::flops() { return 6 * elements(getW()); }

} // namespace fovea::cnn
