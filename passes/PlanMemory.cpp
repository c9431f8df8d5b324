#include "ir/Cnn.h"
#include "passes/Arena.h"
#include "passes/Passes.h"
#include "passes/ToKernelSpec.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"

namespace fovea {

#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

int64_t bytesOf(Value value) { return physicalBytes(toTensorSpec(cast<RankedTensorType>(value.getType()))); }

cnn::Slot slotOf(cnn::ParameterBlock block) {
  switch (block) {
  case cnn::ParameterBlock::value:
    return cnn::Slot::parameters;
  case cnn::ParameterBlock::gradient:
    return cnn::Slot::gradients;
  case cnn::ParameterBlock::momentum:
    return cnn::Slot::momentum;
  }
  llvm_unreachable("parameter block");
}

/// One function's places.
class FunctionPlanner {
public:
  FunctionPlanner(func::FuncOp function, SymbolTable &symbols)
      : function(function), symbols(symbols), builder(function.getContext()) {}

  LogicalResult run(bool reuse, int64_t alignment) {
    if (failed(numberKernels()))
      return failure();
    placeArguments();
    for (Operation &op : function.getBody().front()) {
      if (auto load = dyn_cast<cnn::LoadOp>(op))
        place(load->getResult(0), slotOf(load.getBlock()), parameterOffset(load.getParameter()));
      else if (failed(placeSinks(op)))
        return failure();
    }
    placeInArena(reuse, alignment);
    for (auto kernel : function.getOps<cnn::KernelOp>()) {
      SmallVector<mlir::Attribute> attributes;
      for (Value operand : kernel->getOperands())
        attributes.push_back(places.lookup(operand));
      for (Value result : kernel->getResults())
        attributes.push_back(places.lookup(result));
      kernel.setPlacesAttr(builder.getArrayAttr(attributes));
    }
    return success();
  }

private:
  func::FuncOp function;
  SymbolTable &symbols;
  Builder builder;
  DenseMap<Value, cnn::PlaceAttr> places;
  DenseMap<Operation *, int64_t> steps;

  void place(Value value, cnn::Slot slot, int64_t offset) {
    places[value] = cnn::PlaceAttr::get(builder.getContext(), slot, offset);
  }

  int64_t parameterOffset(StringRef name) { return symbols.lookup<cnn::ParameterOp>(name).getOffsetAttr().getInt(); }

  bool hasLoss() { return kindOf(function) == "step" || kindOf(function) == "train"; }

  LogicalResult numberKernels() {
    for (Operation &op : function.getBody().front()) {
      if (isa<cnn::KernelOp>(op))
        steps.try_emplace(&op, steps.size());
      else if (!isa<cnn::LoadOp, cnn::StoreOp, func::ReturnOp>(op))
        return op.emitError("is outside of a kernel; cnn-fuse must run before memory is planned");
    }
    return success();
  }

  void placeArguments() {
    using cnn::Slot;
    SmallVector<Slot> slots;
    if (kindOf(function) == "prepare")
      slots = {};
    else if (kindOf(function) == "update")
      slots = {Slot::scalars};
    else if (hasLoss())
      slots = {Slot::input, Slot::labels, Slot::scalars};
    else
      slots = {Slot::input};
    for (auto [argument, slot] : llvm::zip(function.getArguments(), slots))
      place(argument, slot, 0);
  }

  /// What is returned or stored is written there by the kernel that computes it.
  LogicalResult placeSinks(Operation &op) {
    if (auto store = dyn_cast<cnn::StoreOp>(op)) {
      Value value = store->getOperand(0);
      if (failed(placeSink(op, value, slotOf(store.getBlock()), parameterOffset(store.getParameter()))))
        return failure();
      return checkNotOverwritten(store, value.getDefiningOp());
    }
    if (isa<func::ReturnOp>(op)) {
      SmallVector<cnn::Slot> slots{cnn::Slot::output};
      if (hasLoss())
        slots = {cnn::Slot::loss, cnn::Slot::output};
      for (auto [value, slot] : llvm::zip(op.getOperands(), slots))
        if (failed(placeSink(op, value, slot, 0)))
          return failure();
    }
    return success();
  }

  LogicalResult placeSink(Operation &sink, Value value, cnn::Slot slot, int64_t offset) {
    if (!value.getDefiningOp<cnn::KernelOp>() || places.contains(value))
      return sink.emitError("needs a value that a kernel computes for it alone; cnn-fuse makes the copy");
    place(value, slot, offset);
    return success();
  }

  /// The kernel writes the parameter when it runs: what was loaded before must not be read afterwards.
  LogicalResult checkNotOverwritten(cnn::StoreOp store, Operation *writer) {
    for (auto load : function.getOps<cnn::LoadOp>()) {
      if (load.getParameter() != store.getParameter() || load.getBlock() != store.getBlock() ||
          store->isBeforeInBlock(load))
        continue;
      for (Operation *user : load->getUsers())
        if (writer->isBeforeInBlock(user))
          return store.emitError("overwrites what a later kernel reads");
    }
    return success();
  }

  void placeInArena(bool reuse, int64_t alignment) {
    SmallVector<Value> values;
    std::vector<ArenaBuffer> buffers;
    for (auto kernel : function.getOps<cnn::KernelOp>())
      for (Value result : kernel->getResults()) {
        if (places.contains(result))
          continue;
        ArenaBuffer buffer{bytesOf(result), steps.lookup(kernel), steps.lookup(kernel)};
        for (Operation *user : result.getUsers())
          buffer.last = std::max(buffer.last, steps.lookup(user));
        values.push_back(result);
        buffers.push_back(buffer);
      }
    ArenaPlan plan = planArena(buffers, reuse, alignment);
    for (auto [value, buffer] : llvm::zip_equal(values, buffers))
      place(value, cnn::Slot::arena, buffer.offset);
    function->setAttr("cnn.arena_bytes", builder.getI64IntegerAttr(plan.bytes));
    function->setAttr("cnn.unplanned_bytes", builder.getI64IntegerAttr(plan.unplannedBytes));
    function->setAttr("cnn.live_bytes", builder.getI64IntegerAttr(plan.liveBytes));
  }
};

struct PlanMemoryPass : impl::PlanMemoryBase<PlanMemoryPass> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    placeParameters();
    SymbolTable symbols(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(FunctionPlanner(function, symbols).run(reuse, alignment)))
        return signalPassFailure();
  }

  /// One after the other, each at the start of a cache line, or where a device wants it; the derived ones, which have neither gradient nor
  /// momentum, behind the others.
  void placeParameters() {
    int64_t floats = 0;
    placeParameters(/*derived=*/false, floats);
    setFloats("cnn.gradient_floats", floats);
    placeParameters(/*derived=*/true, floats);
    setFloats("cnn.parameter_floats", floats);
  }

  void placeParameters(bool derived, int64_t &floats) {
    for (auto parameter : getOperation().getOps<cnn::ParameterOp>())
      if (parameter.getDerived() == derived) {
        parameter.setOffsetAttr(Builder(&getContext()).getI64IntegerAttr(floats));
        const TensorSpec tensor = toTensorSpec(cast<RankedTensorType>(parameter.getType()));
        floats += alignedBytes(physicalBytes(tensor), alignment) / int64_t(sizeof(float));
      }
  }

  void setFloats(StringRef attribute, int64_t floats) {
    getOperation()->setAttr(attribute, Builder(&getContext()).getI64IntegerAttr(floats));
  }
};

} // namespace
} // namespace fovea
