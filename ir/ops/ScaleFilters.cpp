#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult ScaleFiltersOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                               InferredTypes &types) {
  if (failed(
          checkPerChannel("coefficient", op.getCoefficient(), shapeOf(op.getW())[0], ruleOf<ScaleFiltersOp>(location))))
    return failure();
  return inferLike(op.getW(), types);
}

int64_t ScaleFiltersOp::flops() { return elements(getScaled()); }

LogicalResult ScaleBiasOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                            InferredTypes &types) {
  const Rule rule = ruleOf<ScaleBiasOp>(location);
  const int64_t channels = shapeOf(op.getBias())[0];
  if (failed(checkPerChannel("coefficient", op.getCoefficient(), channels, rule)) ||
      failed(checkPerChannel("offset", op.getOffset(), channels, rule)))
    return failure();
  return inferLike(op.getBias(), types);
}

int64_t ScaleBiasOp::flops() { return (getOffset() ? 2 : 1) * elements(getScaled()); }

} // namespace fovea::cnn
