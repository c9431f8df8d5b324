#include "ir/Cnn.h"
#include "passes/Passes.h"
#include "passes/WinogradModel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace fovea {

#define GEN_PASS_DEF_USEBF16
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

using cnn::shapeOf;

/// Images for which a dense layer's time is that of reading its weight, whatever it computes.
constexpr int64_t fewImages = 4;

/// The longest time of f32's for which rounding an image first is worth it.
constexpr double worthIt = 0.75;

class Narrower {
public:
  explicit Narrower(const TargetInfo &target) : target(target) {}

  void run(func::FuncOp function) {
    narrowed.clear();
    for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
      if (auto conv = dyn_cast<cnn::Conv2dOp>(op); conv && pays(conv))
        narrowOperands(conv);
      else if (auto dense = dyn_cast<cnn::DenseOp>(op); dense && pays(dense))
        narrowOperands(dense);
    }
  }

private:
  const TargetInfo &target;
  DenseMap<Value, Value> narrowed; ///< What the function has in both precisions.

  bool pays(cnn::Conv2dOp conv) const {
    const int64_t inputs = shapeOf(conv.getW())[1];
    const bool pairsStayInGroup = conv.getGroups() == 1 || inputs % 2 == 0;
    return pairsStayInGroup && bf16Share(inputs, target) <= worthIt;
  }

  bool pays(cnn::DenseOp dense) const {
    return shapeOf(dense.getX())[0] <= fewImages || bf16Share(shapeOf(dense.getX())[1], target) <= worthIt;
  }

  void narrowOperands(Operation *op) {
    for (unsigned index : {0, 1}) {
      Value &narrow = narrowed[op->getOperand(index)];
      if (!narrow) {
        OpBuilder builder(op);
        auto created = builder.create<cnn::NarrowOp>(op->getLoc(), op->getOperand(index));
        if (mlir::Attribute layer = op->getAttr(cnn::layerAttributeName); layer && index == 1)
          created->setAttr(cnn::layerAttributeName, layer);
        narrow = created;
      }
      op->setOperand(index, narrow);
    }
  }
};

struct UseBf16Pass : impl::UseBf16Base<UseBf16Pass> {
  using UseBf16Base::UseBf16Base;

  void runOnOperation() override {
    std::optional<TargetInfo> info = targetOrError(target, getOperation());
    if (!info)
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (kindOf(function) == "infer")
        Narrower(*info).run(function);
  }
};

} // namespace
} // namespace fovea
