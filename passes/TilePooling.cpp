#include "ir/Cnn.h"
#include "passes/CostModel.h"
#include "passes/Passes.h"
#include "passes/TilingCost.h"
#include "passes/ToKernelSpec.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

namespace fovea {

#define GEN_PASS_DEF_TILEPOOLING
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Two kernels must win by this much: what they cost is less certain than what one of them costs in two ways.
constexpr double marginOfTwo = 0.9;

/// The name of a kernel of these operations: the layers of `name`, and the operations.
std::string nameOf(StringRef name, ArrayRef<Operation *> ops) {
  auto [layers, rest] = name.split(": ");
  std::string result = rest.empty() ? "" : (layers + ": ").str();
  return result + llvm::join(llvm::map_range(ops, [](Operation *op) { return op->getName().stripDialect(); }), "+");
}

/// Makes a kernel of `ops`, which stand in the body of another, at `builder`'s place; `outside` maps their operands to
/// values there, and what they compute last is added to it.
cnn::KernelOp makeKernel(OpBuilder &builder, cnn::KernelOp from, ArrayRef<Operation *> ops, IRMapping &outside) {
  llvm::SetVector<Value> inputs;
  for (Operation *op : ops)
    for (Value operand : op->getOperands())
      if (!llvm::is_contained(ops, operand.getDefiningOp()))
        inputs.insert(operand);
  SmallVector<Value> operands;
  for (Value input : inputs)
    operands.push_back(outside.lookup(input));
  Operation *root = ops.back();
  auto kernel = builder.create<cnn::KernelOp>(root->getLoc(), root->getResultTypes(), operands,
                                              nameOf(from.getName(), ops), DictionaryAttr(), ArrayAttr());
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&kernel.getBody());
  IRMapping inside;
  for (Value input : inputs)
    inside.map(input, body->addArgument(input.getType(), input.getLoc()));
  for (Operation *op : ops)
    builder.clone(*op, inside);
  SmallVector<Value> yielded;
  for (Value result : root->getResults())
    yielded.push_back(inside.lookup(result));
  builder.create<cnn::YieldOp>(root->getLoc(), yielded);
  outside.map(root->getResults(), kernel->getResults());
  return kernel;
}

/// Cuts the kernel in front of its first normalization or pooling, and returns the second part.
cnn::KernelOp cut(cnn::KernelOp kernel) {
  SmallVector<Operation *> first, second;
  for (Operation &op : kernel.getBody().front().without_terminator())
    (!second.empty() || (!first.empty() && isa<cnn::LrnOp, cnn::MaxPoolOp, cnn::MaxPoolIndicesOp, cnn::AvgPoolOp>(op))
         ? second
         : first)
        .push_back(&op);
  OpBuilder builder(kernel);
  IRMapping outside;
  outside.map(kernel.getBody().getArguments(), kernel->getOperands());
  makeKernel(builder, kernel, first, outside);
  cnn::KernelOp last = makeKernel(builder, kernel, second, outside);
  kernel->replaceAllUsesWith(last->getResults());
  kernel.erase();
  return last;
}

struct TilePoolingPass : impl::TilePoolingBase<TilePoolingPass> {
  using TilePoolingBase::TilePoolingBase;

  void runOnOperation() override {
    std::optional<TargetInfo> info = targetOrError(target, getOperation());
    if (!info)
      return signalPassFailure();
    if (cores > 0)
      info->cores = int(cores);
    SmallVector<cnn::KernelOp> kernels;
    getOperation().walk([&](cnn::KernelOp kernel) { kernels.push_back(kernel); });
    for (cnn::KernelOp kernel : kernels)
      tile(kernel, *info);
  }

  void tile(cnn::KernelOp kernel, const TargetInfo &info) {
    KernelSpec spec = toKernelSpec(kernel);
    if (spec.schedule.contains("halo") || !hasHalo(spec))
      return;
    const Schedule given = spec.schedule;
    for (const auto &[key, value] : chooseSchedule(spec, info))
      spec.schedule.try_emplace(key, value);
    if (usesTiles(spec)) // Whose schedule knows no line buffers.
      return;
    const PoolTiling tiling = chooseTiling(spec, info);
    if (spec.ops[0].op == "conv2d" && given.empty() &&
        separateCycles(spec, info) < marginOfTwo * tilingCost(spec, tiling, info).cycles)
      return tile(cut(kernel), info);
    Builder builder(&getContext());
    NamedAttrList entries(kernel.getScheduleAttr());
    for (const auto &[key, value] : toSchedule(tiling))
      if (!entries.get(key))
        entries.append(key, builder.getI64IntegerAttr(value));
    kernel.setScheduleAttr(entries.getDictionary(&getContext()));
  }
};

} // namespace
} // namespace fovea
