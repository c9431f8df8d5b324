#include "ir/Cnn.h"
#include "passes/KeepCost.h"
#include "passes/Passes.h"
#include "passes/ToKernelSpec.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace fovea {

#define GEN_PASS_DEF_SAVEORRECOMPUTE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Operations that take little longer than reading their operands: what a kernel of one of them would be bound by.
bool isCheap(Operation *op) {
  return isa<cnn::ReluOp, cnn::TanhOp, cnn::SigmoidOp, cnn::AddOp, cnn::MulOp, cnn::ScaleOp, cnn::DropoutOp,
             cnn::BatchNormOp, cnn::LrnOp, cnn::MaxPoolOp, cnn::MaxPoolIndicesOp, cnn::AvgPoolOp>(op);
}

int64_t bytesOf(Value value) { return physicalBytes(toTensorSpec(cast<RankedTensorType>(value.getType()))); }

/// What computes a value again, in order, and what that costs.
struct Plan {
  SmallVector<Operation *, 4> ops;
  Operation *before = nullptr; ///< The first backward reader.
  int64_t flops = 0, bytes = 0;
};

class FunctionChooser {
public:
  FunctionChooser(func::FuncOp function, const TargetInfo &target) : function(function), target(target) {}

  void run(int64_t slowdown) {
    Operation *turn = nullptr; // The last operation of the forward computation.
    double step = 0;
    for (Operation &op : function.getBody().front()) {
      if (isa<cnn::LossOpInterface>(op))
        turn = &op;
      if (auto compute = dyn_cast<cnn::CnnComputeOpInterface>(op))
        step += workSeconds(compute.flops(), compute.bytes(), target);
    }
    if (!turn)
      return;
    lastForward = turn;
    const int64_t before = keptBytes();
    double left = step * double(slowdown) / 100, spent = 0;
    int64_t count = 0;
    while (true) {
      SmallVector<Plan> plans;
      std::vector<Recomputation> costs;
      collect(plans, costs);
      const int best = bestRecomputation(costs, left);
      if (best < 0)
        break;
      left -= costs[best].seconds;
      spent += costs[best].seconds;
      ++count;
      computeAgain(plans[best]);
    }
    Builder builder(function.getContext());
    function->setAttr("cnn.kept_bytes", builder.getI64IntegerAttr(keptBytes()));
    function->setAttr("cnn.recomputed", builder.getI64IntegerAttr(count));
    function->setAttr("cnn.recomputed_bytes", builder.getI64IntegerAttr(before - keptBytes()));
    function->setAttr("cnn.recompute_percent", builder.getF32FloatAttr(step > 0 ? float(100 * spent / step) : 0));
  }

private:
  func::FuncOp function;
  const TargetInfo &target;
  Operation *lastForward = nullptr;

  bool isBackward(Operation *op) const { return lastForward->isBeforeInBlock(op); }
  bool isKept(Value value) const {
    return llvm::any_of(value.getUsers(), [&](Operation *user) { return isBackward(user) && !isSink(user); });
  }
  static bool isSink(Operation *op) { return isa<cnn::StoreOp>(op) || op->hasTrait<OpTrait::IsTerminator>(); }

  int64_t keptBytes() {
    int64_t bytes = 0;
    for (Operation &op : function.getBody().front()) {
      if (isBackward(&op))
        break;
      if (!isa<cnn::LoadOp>(op))
        for (Value result : op.getResults())
          bytes += isKept(result) ? bytesOf(result) : 0;
    }
    return bytes;
  }

  void collect(SmallVectorImpl<Plan> &plans, std::vector<Recomputation> &costs) {
    for (Operation &op : function.getBody().front()) {
      if (isBackward(&op))
        break;
      if (!isCheap(&op))
        continue;
      int64_t freed = 0;
      Plan plan;
      for (Value result : op.getResults())
        for (Operation *user : result.getUsers())
          if (isBackward(user) && (!plan.before || user->isBeforeInBlock(plan.before)))
            plan.before = user;
      if (!plan.before || isSink(plan.before) || !reach(&op, plan))
        continue;
      for (Value result : op.getResults()) {
        freed += isKept(result) ? bytesOf(result) : 0;
        plan.bytes += bytesOf(result) * 3 / 2; // Written lines are read first, some of them.
      }
      costs.push_back({freed, workSeconds(plan.flops, plan.bytes, target)});
      plans.push_back(plan);
    }
  }

  /// Adds `op` to the plan, after what it needs that is not in memory any more. False where that cannot be had cheaply.
  bool reach(Operation *op, Plan &plan) {
    if (!isCheap(op) || plan.ops.size() > 4)
      return false;
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (llvm::is_contained(plan.ops, producer))
        continue;
      if (!producer || isInMemory(operand, plan.before)) {
        plan.bytes += bytesOf(operand);
        continue;
      }
      if (isa<cnn::LoadOp>(producer) || !reach(producer, plan))
        return false;
    }
    plan.ops.push_back(op);
    plan.flops += cast<cnn::CnnComputeOpInterface>(op).flops();
    return true;
  }

  /// Whether the value is still needed, and still the same, when `reader` runs.
  bool isInMemory(Value value, Operation *reader) {
    if (auto load = value.getDefiningOp<cnn::LoadOp>())
      return llvm::none_of(function.getOps<cnn::StoreOp>(), [&](cnn::StoreOp store) {
        return store.getParameter() == load.getParameter() && store.getBlock() == load.getBlock() &&
               store->isBeforeInBlock(reader);
      });
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      return isBackward(user) && !isSink(user) && !user->isBeforeInBlock(reader);
    });
  }

  void computeAgain(const Plan &plan) {
    OpBuilder builder(plan.before);
    IRMapping mapping;
    for (Operation *op : plan.ops)
      builder.clone(*op, mapping)->setAttr("cnn.again", builder.getUnitAttr());
    Operation *root = plan.ops.back();
    for (Value old : root->getResults())
      old.replaceUsesWithIf(mapping.lookup(old),
                            [&](OpOperand &use) { return isBackward(use.getOwner()) && !isSink(use.getOwner()); });
    if (root->use_empty())
      root->erase();
    else if (auto pool = dyn_cast<cnn::MaxPoolIndicesOp>(root); pool && pool.getIndices().use_empty())
      dropIndices(pool);
  }

  static void dropIndices(cnn::MaxPoolIndicesOp pool) {
    OpBuilder builder(pool);
    OperationState state(pool.getLoc(), cnn::MaxPoolOp::getOperationName(), pool->getOperands(), pool.getY().getType(),
                         pool->getAttrDictionary().getValue());
    pool.getY().replaceAllUsesWith(builder.create(state)->getResult(0));
    pool.erase();
  }
};

struct SaveOrRecomputePass : impl::SaveOrRecomputeBase<SaveOrRecomputePass> {
  using SaveOrRecomputeBase::SaveOrRecomputeBase;

  void runOnOperation() override {
    std::optional<TargetInfo> info = targetOrError(target, getOperation());
    if (!info)
      return signalPassFailure();
    if (cores > 0)
      info->cores = int(cores);
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (kindOf(function) == "step" || kindOf(function) == "train")
        FunctionChooser(function, *info).run(slowdown);
  }
};

} // namespace
} // namespace fovea
