#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

/// All `values`, named by `names`, must have one element for each channel of x.
static LogicalResult checkChannels(Value x, ArrayRef<StringRef> names, ArrayRef<Value> values, Rule rule) {
  for (auto [name, value] : llvm::zip_equal(names, values))
    if (failed(checkPerChannel(name, value, shapeOf(x)[1], rule)))
      return failure();
  return success();
}

LogicalResult BatchNormOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                            InferredTypes &types) {
  if (failed(checkChannels(op.getX(), {"weight", "bias", "mean", "variance"},
                           {op.getWeight(), op.getBias(), op.getMean(), op.getVariance()},
                           ruleOf<BatchNormOp>(location))))
    return failure();
  return inferLike(op.getX(), types);
}

LogicalResult BatchNormOp::verify() {
  const Rule rule = Rule::of(*this);
  if (getEpsilon().convertToDouble() <= 0)
    return rule.broken("epsilon must be positive, or a constant channel would be divided by zero");
  return success();
}

/// Coefficient and offset of a channel are computed once.
int64_t BatchNormOp::flops() { return 2 * elements(getY()); }

void BatchNormOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                           SmallVectorImpl<Value> &operandGradients) {
  Value dy = resultGradients[0];
  if (!getScalars()) {
    emitError("has no gradient, because its statistics are not those of its batch");
    return;
  }
  auto sums = createFor<BatchNormSumsOp>(*this, builder, getX(), dy, getMean(), getVariance(), getEpsilonAttr());
  if (needed[0])
    operandGradients[0] =
        createFor<BatchNormInputGradientOp>(*this, builder, getX(), dy, getWeight(), getMean(), getVariance(),
                                            sums.getDweight(), sums.getDbias(), getScalars(), getEpsilonAttr());
  if (needed[1])
    operandGradients[1] = sums.getDweight();
  if (needed[2])
    operandGradients[2] = sums.getDbias();
}

LogicalResult BatchNormCoefficientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                       InferredTypes &types) {
  if (failed(checkPerChannel("variance", op.getVariance(), shapeOf(op.getWeight())[0],
                             ruleOf<BatchNormCoefficientOp>(location))))
    return failure();
  return inferLike(op.getWeight(), types);
}

/// A sum, a root and a quotient.
int64_t BatchNormCoefficientOp::flops() { return 3 * elements(getCoefficient()); }

LogicalResult BatchNormOffsetOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                  InferredTypes &types) {
  const Rule rule = ruleOf<BatchNormOffsetOp>(location);
  const int64_t channels = shapeOf(op.getBias())[0];
  if (failed(checkPerChannel("mean", op.getMean(), channels, rule)) ||
      failed(checkPerChannel("coefficient", op.getCoefficient(), channels, rule)))
    return failure();
  return inferLike(op.getBias(), types);
}

int64_t BatchNormOffsetOp::flops() { return 2 * elements(getOffset()); }

static LogicalResult inferChannels(Value x, InferredTypes &types) {
  types.append(2, plainType(x, shapeOf(x)[1]));
  return success();
}

LogicalResult BatchStatisticsOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op,
                                                  InferredTypes &types) {
  return inferChannels(op.getX(), types);
}

int64_t BatchStatisticsOp::flops() { return 4 * elements(getX()); }

LogicalResult BatchNormSumsOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                InferredTypes &types) {
  const Rule rule = ruleOf<BatchNormSumsOp>(location);
  if (failed(rule.sameShape("dy", shapeOf(op.getDy()), "x", shapeOf(op.getX()))) ||
      failed(checkChannels(op.getX(), {"mean", "variance"}, {op.getMean(), op.getVariance()}, rule)))
    return failure();
  return inferChannels(op.getX(), types);
}

int64_t BatchNormSumsOp::flops() { return 4 * elements(getX()); }

LogicalResult BatchNormInputGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                         InferredTypes &types) {
  const Rule rule = ruleOf<BatchNormInputGradientOp>(location);
  if (failed(rule.sameShape("dy", shapeOf(op.getDy()), "x", shapeOf(op.getX()))) ||
      failed(checkChannels(op.getX(), {"weight", "mean", "variance", "dweight", "dbias"},
                           {op.getWeight(), op.getMean(), op.getVariance(), op.getDweight(), op.getDbias()}, rule)))
    return failure();
  return inferLike(op.getX(), types);
}

int64_t BatchNormInputGradientOp::flops() { return 5 * elements(getX()); }

LogicalResult RunningStatisticsOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                    InferredTypes &types) {
  if (failed(ruleOf<RunningStatisticsOp>(location).sameShape("variance", shapeOf(op.getVariance()), "mean",
                                                             shapeOf(op.getMean()))) ||
      failed(inferLike(op.getMean(), types)))
    return failure();
  return inferLike(op.getMean(), types);
}

LogicalResult RunningStatisticsOp::verify() {
  if (getPixels() < 1)
    return Rule::of(*this).broken("pixels must be positive, not " + Twine(getPixels()));
  return success();
}

int64_t RunningStatisticsOp::flops() { return 2 * elements(getMean()); }

LogicalResult AverageUpdateOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                InferredTypes &types) {
  if (failed(ruleOf<AverageUpdateOp>(location).sameShape("statistic", shapeOf(op.getStatistic()), "the average",
                                                         shapeOf(op.getRunning()))))
    return failure();
  return inferLike(op.getRunning(), types);
}

int64_t AverageUpdateOp::flops() { return 3 * elements(getRunning()); }

} // namespace fovea::cnn
