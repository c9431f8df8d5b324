#include "ir/Cnn.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace fovea {

#define GEN_PASS_DEF_FOLDBATCHNORM
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Whether an inference can have `value` computed beforehand.
bool dependsOnParametersAlone(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (auto load = dyn_cast<cnn::LoadOp>(op))
    return load.getBlock() == cnn::ParameterBlock::value;
  return isa<cnn::CnnComputeOpInterface>(op) && op->getNumOperands() > 0 &&
         llvm::all_of(op->getOperands(), dependsOnParametersAlone);
}

template <typename Op, typename... Args> Op createFor(Operation *op, OpBuilder &builder, Args &&...args) {
  auto created = builder.create<Op>(op->getLoc(), std::forward<Args>(args)...);
  if (auto layer = op->getAttr(cnn::layerAttributeName))
    created->setAttr(cnn::layerAttributeName, layer);
  return created;
}

/// batch_norm(x, weight, bias, mean, variance) -> scale(x, coefficient, offset).
cnn::ScaleOp scaleOf(cnn::BatchNormOp norm) {
  OpBuilder builder(norm);
  Value coefficient = createFor<cnn::BatchNormCoefficientOp>(norm, builder, norm.getWeight(), norm.getVariance(),
                                                             norm.getEpsilonAttr());
  Value offset = createFor<cnn::BatchNormOffsetOp>(norm, builder, norm.getBias(), norm.getMean(), coefficient);
  auto scale = createFor<cnn::ScaleOp>(norm, builder, norm.getX(), coefficient, offset);
  norm->replaceAllUsesWith(scale);
  norm->erase();
  return scale;
}

/// scale(layer(x, w, bias), coefficient, offset) -> layer(x, scale_filters(w, coefficient), bias * coefficient +
/// offset).
void foldIntoLayer(cnn::ScaleOp scale) {
  Operation *layer = scale.getX().getDefiningOp();
  if (!isa_and_nonnull<cnn::Conv2dOp, cnn::DenseOp>(layer) || !layer->hasOneUse() ||
      !llvm::all_of(layer->getOperands().drop_front(), dependsOnParametersAlone) ||
      !llvm::all_of(scale->getOperands().drop_front(), dependsOnParametersAlone))
    return;
  OpBuilder builder(scale);
  Value coefficient = scale.getCoefficient(), bias = scale.getBias();
  Value weight = createFor<cnn::ScaleFiltersOp>(layer, builder, layer->getOperand(1), coefficient);
  if (layer->getNumOperands() == 3)
    bias = createFor<cnn::ScaleBiasOp>(layer, builder, layer->getOperand(2), coefficient, bias);
  Operation *folded = builder.clone(*layer);
  folded->setOperands(bias ? ValueRange{layer->getOperand(0), weight, bias} : ValueRange{layer->getOperand(0), weight});
  scale->replaceAllUsesWith(folded);
  scale->erase();
  layer->erase();
}

struct FoldBatchNormPass : impl::FoldBatchNormBase<FoldBatchNormPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (kindOf(function) != "infer")
        continue;
      for (auto norm : llvm::make_early_inc_range(function.getOps<cnn::BatchNormOp>()))
        if (!norm.getScalars())
          scaleOf(norm);
      // In their order: a layer that has taken in one scale takes in the next.
      for (auto scale : llvm::make_early_inc_range(function.getOps<cnn::ScaleOp>()))
        foldIntoLayer(scale);
    }
  }
};

} // namespace
} // namespace fovea
