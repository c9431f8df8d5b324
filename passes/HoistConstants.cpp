#include "ir/Cnn.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/IR/SymbolTable.h"

#include "llvm/ADT/SetVector.h"

namespace fovea {

#define GEN_PASS_DEF_HOISTCONSTANTS
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Of "prepare" functions there is one, which begins as what the module has, or empty.
class Hoister {
public:
  explicit Hoister(ModuleOp module) : module(module), symbols(module) {
    for (auto function : module.getOps<func::FuncOp>())
      if (kindOf(function) == "prepare")
        prepare = function;
    if (prepare)
      for (auto load : prepare.getOps<cnn::LoadOp>())
        loads[load.getParameterAttr().getAttr()] = load;
  }

  void hoistFrom(func::FuncOp function) {
    IRMapping prepared; // From values of `function` to those of @prepare.
    SetVector<Operation *> hoisted;
    for (Operation &op : function.getBody().front())
      if (dependsOnParametersAlone(op, prepared)) {
        copy(op, prepared);
        hoisted.insert(&op);
      }
    for (Operation *op : hoisted)
      for (Value result : op->getResults())
        if (!llvm::all_of(result.getUsers(), [&](Operation *user) { return hoisted.contains(user); }))
          readDerived(result, prepared.lookup(result), hoisted);
    for (Operation *op : llvm::reverse(hoisted))
      op->erase();
    for (auto load : llvm::make_early_inc_range(function.getOps<cnn::LoadOp>()))
      if (load->use_empty())
        load->erase();
  }

private:
  ModuleOp module;
  SymbolTable symbols;
  func::FuncOp prepare;
  DenseMap<StringAttr, Value> loads;         ///< @prepare's, by parameter.
  DenseMap<Value, cnn::ParameterOp> derived; ///< By what @prepare stores there.

  /// The parameter that `value` is the value of, when it was not derived itself; or null.
  cnn::ParameterOp parameterRead(Value value) {
    auto load = value.getDefiningOp<cnn::LoadOp>();
    if (!load || load.getBlock() != cnn::ParameterBlock::value)
      return {};
    auto parameter = symbols.lookup<cnn::ParameterOp>(load.getParameter());
    return parameter.getDerived() ? cnn::ParameterOp() : parameter;
  }

  bool dependsOnParametersAlone(Operation &op, const IRMapping &prepared) {
    return isa<cnn::CnnComputeOpInterface>(op) && op.getNumOperands() > 0 &&
           llvm::all_of(op.getOperands(),
                        [&](Value operand) { return prepared.contains(operand) || parameterRead(operand); });
  }

  OpBuilder atEndOfPrepare() {
    if (!prepare) {
      OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
      prepare = builder.create<func::FuncOp>(module.getLoc(), "prepare", builder.getFunctionType({}, {}));
      prepare->setAttr("cnn.kind", builder.getStringAttr("prepare"));
      builder.setInsertionPointToStart(prepare.addEntryBlock());
      builder.create<func::ReturnOp>(module.getLoc());
      symbols.insert(prepare);
    }
    return OpBuilder(prepare.getBody().front().getTerminator());
  }

  /// Makes @prepare compute `op`, unless it does already.
  void copy(Operation &op, IRMapping &prepared) {
    OpBuilder builder = atEndOfPrepare();
    for (Value operand : op.getOperands())
      if (!prepared.contains(operand))
        prepared.map(operand, load(operand, builder));
    Operation *copied = builder.clone(op, prepared);
    for (Operation *other : copied->getOperand(0).getUsers())
      if (other != copied &&
          OperationEquivalence::isEquivalentTo(other, copied, OperationEquivalence::IgnoreLocations)) {
        copied->erase();
        prepared.map(op.getResults(), other->getResults());
        return;
      }
  }

  Value load(Value value, OpBuilder &builder) {
    auto original = value.getDefiningOp<cnn::LoadOp>();
    Value &found = loads[original.getParameterAttr().getAttr()];
    if (!found)
      found = builder.clone(*original)->getResult(0);
    return found;
  }

  /// Makes those who read `value` and stay read the derived parameter in which @prepare stores `computed`.
  void readDerived(Value value, Value computed, const SetVector<Operation *> &hoisted) {
    cnn::ParameterOp parameter = derivedFrom(computed);
    OpBuilder builder(value.getDefiningOp());
    Value load =
        builder.create<cnn::LoadOp>(value.getLoc(), parameter.getType(),
                                    FlatSymbolRefAttr::get(parameter.getSymNameAttr()), cnn::ParameterBlock::value);
    value.replaceUsesWithIf(load, [&](OpOperand &use) { return !hoisted.contains(use.getOwner()); });
  }

  cnn::ParameterOp derivedFrom(Value computed) {
    cnn::ParameterOp &parameter = derived[computed];
    if (parameter)
      return parameter;
    auto others = llvm::to_vector(module.getOps<cnn::ParameterOp>());
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    builder.setInsertionPointAfter(others.back());
    parameter = builder.create<cnn::ParameterOp>(computed.getLoc(), nameOf(computed),
                                                 cast<RankedTensorType>(computed.getType()));
    symbols.insert(parameter, std::next(others.back()->getIterator())); // Gives it another name where this is taken.
    builder.setInsertionPointAfterValue(computed);
    builder.create<cnn::StoreOp>(computed.getLoc(), FlatSymbolRefAttr::get(parameter.getSymNameAttr()), computed,
                                 cnn::ParameterBlock::value);
    return parameter;
  }

  /// "conv1.weight.relayout": the first parameter that it was made of, and the operation.
  static std::string nameOf(Value computed) {
    Operation *op = computed.getDefiningOp(), *source = op;
    while (!isa<cnn::LoadOp>(source))
      source = source->getOperand(0).getDefiningOp();
    std::string name = (cast<cnn::LoadOp>(source).getParameter() + "." + op->getName().stripDialect()).str();
    const unsigned result = cast<OpResult>(computed).getResultNumber();
    return result == 0 ? name : name + "." + std::to_string(result);
  }
};

struct HoistConstantsPass : impl::HoistConstantsBase<HoistConstantsPass> {
  void runOnOperation() override {
    Hoister hoister(getOperation());
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (kindOf(function) == "infer")
        hoister.hoistFrom(function);
  }
};

} // namespace
} // namespace fovea
