#include "ir/Cnn.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

namespace fovea {

#define GEN_PASS_DEF_FUSE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Operations that become part of kernels: everything but loads, stores, the return, and kernels already made.
bool isCompute(Operation &op) {
  return !isa<cnn::LoadOp, cnn::StoreOp, cnn::KernelOp>(op) && !op.hasTrait<OpTrait::IsTerminator>();
}

bool isPool(Operation *op) { return isa<cnn::MaxPoolOp, cnn::MaxPoolIndicesOp, cnn::AvgPoolOp>(op); }

/// A normalization over neighbouring channels: it needs whole rows, like a pooling, but no rows above or below.
bool isLrn(Operation *op) {
  auto lrn = dyn_cast<cnn::LrnOp>(op);
  return lrn && lrn.getRegion() == cnn::LrnRegion::across;
}

/// Element by element, each result needing one element of each activation.
bool isPointwise(Operation *op) { return op->hasTrait<cnn::ElementwiseOp>() || isa<cnn::ScaleOp, cnn::BatchNormOp, cnn::BatchNormInputGradientOp>(op); }

/// Whether a pointwise operation or a relayout may follow inside the kernel of `op`.
bool acceptsEpilogue(Operation *op) {
  return isPointwise(op) || isPool(op) ||
         isa<cnn::Conv2dOp, cnn::WinogradConv2dOp, cnn::DenseOp, cnn::Conv2dInputGradientOp, cnn::WinogradInputGradientOp, cnn::DenseInputGradientOp, cnn::LocalOp, cnn::LocalInputGradientOp, cnn::MaxPoolGradientOp,
             cnn::AvgPoolGradientOp, cnn::LrnOp, cnn::LrnGradientOp>(op);
}

/// Whether the update of a parameter may follow inside the kernel that computes its gradient.
bool acceptsUpdate(Operation *op) {
  return isa<cnn::Conv2dWeightGradientOp, cnn::WinogradWeightGradientOp, cnn::DenseWeightGradientOp, cnn::LocalWeightGradientOp,
             cnn::LocalBiasGradientOp, cnn::BiasGradientOp, cnn::ScaleCoefficientGradientOp, cnn::AddOp, cnn::MulOp>(
      op);
}

/// Operations on activations only: the gradients and masks of weights are packed otherwise and stay by themselves.
bool onActivations(Operation *op) {
  return llvm::all_of(op->getResults(), [](Value result) {
    auto layout = dyn_cast_or_null<cnn::LayoutAttr>(cast<RankedTensorType>(result.getType()).getEncoding());
    return !layout || layout.getKind() == cnn::LayoutKind::channels_last;
  });
}

/// Gives every store and every returned value a computation of its own to be written by: two places cannot hold one
/// kernel's result, and what was not computed here (an argument, a parameter) has to be copied.
void separateSinks(func::FuncOp function) {
  DenseSet<Value> taken;
  for (Operation &op : function.getBody().front()) {
    if (!isa<cnn::StoreOp, func::ReturnOp>(op))
      continue;
    for (OpOperand &operand : op.getOpOperands()) {
      Operation *producer = operand.get().getDefiningOp();
      if (producer && isCompute(*producer) && taken.insert(operand.get()).second)
        continue;
      OpBuilder builder(&op);
      operand.set(builder.create<cnn::RelayoutOp>(op.getLoc(), operand.get().getType(), operand.get()));
      taken.insert(operand.get());
    }
  }
}

/// The operations of one kernel in their order; the last is the root.
struct Group {
  SmallVector<Operation *> ops;
  bool hasPool = false, hasLrn = false;

  Operation *root() const { return ops.back(); }
};

class Fuser {
public:
  Fuser(func::FuncOp function, bool elementwise, bool pool, bool lrn, bool windowsApart)
      : function(function), fuseElementwise(elementwise), fusePool(pool), fuseLrn(lrn), windowsApart(windowsApart) {}

  void run() {
    for (auto store : function.getOps<cnn::StoreOp>())
      if (store.getBlock() == cnn::ParameterBlock::value)
        overwritten.insert(store.getParameterAttr().getAttr());
    for (Operation &op : function.getBody().front())
      if (isCompute(op))
        add(&op);
    // Kernels are made from the last to the first: a group's operands are then still the original values.
    for (auto &group : llvm::make_second_range(llvm::reverse(groups)))
      makeKernel(group);
  }

private:
  func::FuncOp function;
  bool fuseElementwise, fusePool, fuseLrn, windowsApart;
  /// Parameters whose values this function changes.
  DenseSet<StringAttr> overwritten;
  /// By root.
  llvm::MapVector<Operation *, Group> groups;

  /// Lets `op` join the group of its latest producer that allows it, or begins a new group.
  void add(Operation *op) {
    Operation *best = nullptr;
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      auto group = groups.find(producer);
      if (group != groups.end() && mayJoin(op, operand, group->second) && (!best || best->isBeforeInBlock(producer)))
        best = producer;
    }
    Group group;
    if (best) {
      group = std::move(groups[best]);
      groups.erase(best);
    }
    group.ops.push_back(op);
    group.hasPool |= isPool(op);
    group.hasLrn |= isa<cnn::LrnOp, cnn::LrnGradientOp>(op);
    groups[op] = std::move(group);
  }

  /// Whether `op` may become the root of the group whose root computes `intermediate`.
  bool mayJoin(Operation *op, Value intermediate, const Group &group) const {
    Operation *root = group.root();
    if (root->getNumResults() != 1 || llvm::any_of(intermediate.getUsers(), [&](auto *user) { return user != op; }))
      return false;
    if (auto update = dyn_cast<cnn::SgdUpdateOp>(op))
      return fuseElementwise && intermediate == update.getG() && acceptsUpdate(root) && !readsOverwritten(group);
    if (!acceptsEpilogue(root) || !onActivations(root))
      return false;
    if (isPool(op))
      return fusePool && !group.hasPool && poolsWell(group);
    if (isLrn(op))
      return fuseLrn && !group.hasPool && !group.hasLrn && poolsWell(group);
    if (auto gradient = dyn_cast<cnn::LrnGradientOp>(op))
      return fuseLrn && gradient.getRegion() == cnn::LrnRegion::across && intermediate == gradient.getDy() &&
             !group.hasLrn && isa<cnn::MaxPoolGradientOp, cnn::AvgPoolGradientOp>(group.ops.front());
    if (auto relayout = dyn_cast<cnn::RelayoutOp>(op))
      return fuseElementwise && relayout->getResult(0).getType() != intermediate.getType();
    return fuseElementwise && isPointwise(op) && onActivations(op);
  }

  /// Two parameters that are multiplied need each other's old values for their gradients: neither kernel could be last.
  bool readsOverwritten(const Group &group) const {
    return llvm::any_of(group.ops, [&](Operation *op) {
      return llvm::any_of(op->getOperands(), [&](Value operand) {
        auto load = operand.getDefiningOp<cnn::LoadOp>();
        return load && overwritten.contains(load.getParameterAttr().getAttr());
      });
    });
  }

  /// A pooling or normalization follows a convolution or plain element-wise work in the same kernel.
  bool poolsWell(const Group &group) const {
    return llvm::all_of(group.ops, [&](Operation *op) {
      return (isa<cnn::Conv2dOp, cnn::WinogradConv2dOp>(op) && !windowsApart) || isa<cnn::LrnOp>(op) || isPointwise(op);
    });
  }

  /// "conv1+relu1: conv2d+relu": the layers, each once, and the operations.
  static std::string nameOf(const Group &group) {
    SetVector<StringRef> layers;
    SmallVector<StringRef> names;
    for (Operation *op : group.ops) {
      if (auto layer = op->getAttrOfType<StringAttr>("cnn.layer"))
        layers.insert(layer.getValue());
      names.push_back(op->getName().stripDialect());
    }
    std::string name = llvm::join(layers, "+");
    if (group.root()->hasAttr("cnn.again"))
      name += name.empty() ? "again" : " again";
    if (!name.empty())
      name.append(": ");
    return name.append(llvm::join(names, "+"));
  }

  void makeKernel(const Group &group) {
    SetVector<Value> inputs;
    for (Operation *op : group.ops)
      for (Value operand : op->getOperands())
        if (!llvm::is_contained(group.ops, operand.getDefiningOp()))
          inputs.insert(operand);

    Operation *root = group.root();
    OpBuilder builder(root);
    auto kernel = builder.create<cnn::KernelOp>(root->getLoc(), root->getResultTypes(), inputs.getArrayRef(),
                                                nameOf(group), DictionaryAttr(), ArrayAttr());
    Block *body = builder.createBlock(&kernel.getBody());
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
    for (Operation *op : group.ops)
      builder.clone(*op, mapping);
    SmallVector<Value> yielded;
    for (Value result : root->getResults())
      yielded.push_back(mapping.lookup(result));
    builder.create<cnn::YieldOp>(root->getLoc(), yielded);
    root->replaceAllUsesWith(kernel->getResults());
    for (Operation *op : llvm::reverse(group.ops))
      op->erase();
  }
};

/// Moves each kernel that changes a parameter behind the last kernel that reads what was there: fusion may have moved
/// that reader to the place of its root. The new value goes to the store only, so nothing waits for it.
void overwriteLast(func::FuncOp function) {
  for (auto store : llvm::to_vector(function.getOps<cnn::StoreOp>())) {
    auto writer = store.getValue().getDefiningOp<cnn::KernelOp>();
    Operation *last = writer;
    for (auto load : function.getOps<cnn::LoadOp>())
      if (load.getParameter() == store.getParameter() && load.getBlock() == store.getBlock() &&
          load->isBeforeInBlock(store))
        for (Operation *user : load->getUsers())
          if (last && last->isBeforeInBlock(user))
            last = user;
    if (!writer || last == writer || !llvm::all_of(writer->getUsers(), llvm::IsaPred<cnn::StoreOp>))
      continue;
    writer->moveAfter(last);
    for (Operation *user : writer->getUsers())
      user->moveAfter(writer);
  }
}

struct FusePass : impl::FuseBase<FusePass> {
  using FuseBase::FuseBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      separateSinks(function);
      Fuser(function, enableElementwise, enablePool, enableLrn, windowsApart).run();
      overwriteLast(function);
    }
  }
};

} // namespace
} // namespace fovea
