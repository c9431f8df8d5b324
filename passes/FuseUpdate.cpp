#include "ir/Cnn.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace fovea {

#define GEN_PASS_DEF_FUSEUPDATE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

func::FuncOp functionOfKind(ModuleOp module, StringRef kind) {
  for (auto function : module.getOps<func::FuncOp>())
    if (kindOf(function) == kind)
      return function;
  return {};
}

/// Whether an update follows a single step.
bool updatesEachStep(ModuleOp module) {
  auto recipe = module->getAttrOfType<DictionaryAttr>("cnn.recipe");
  auto accumulate = recipe ? recipe.getAs<IntegerAttr>("accumulate") : IntegerAttr();
  return !accumulate || accumulate.getInt() <= 1;
}

bool isGradient(Operation *op) {
  auto load = dyn_cast_or_null<cnn::LoadOp>(op);
  return load && load.getBlock() == cnn::ParameterBlock::gradient;
}

/// The name of the layer whose gradient this is; null where none is known.
StringAttr layerOf(Value gradient) {
  Operation *producer = gradient.getDefiningOp();
  return producer ? producer->getAttrOfType<StringAttr>(cnn::layerAttributeName) : StringAttr();
}

/// Puts the operations of @update into a copy of a step function.
class UpdateInliner {
public:
  UpdateInliner(func::FuncOp train, func::FuncOp update) : train(train), update(update) {
    for (auto store : train.getOps<cnn::StoreOp>())
      gradients[store.getParameterAttr().getAttr()] = store;
  }

  /// Whether the function has every gradient that @update asks for.
  bool fits() {
    return llvm::all_of(update.getOps<cnn::LoadOp>(), [&](cnn::LoadOp load) {
      return !isGradient(load) || gradients.contains(load.getParameterAttr().getAttr());
    });
  }

  void run() {
    Block &body = update.getBody().front();
    mapping.map(body.getArgument(0), train.getArguments().back());
    for (Operation &op : body.without_terminator())
      if (!isa<cnn::LoadOp, cnn::StoreOp>(op))
        inlineUpdate(&op);
    for (cnn::StoreOp store : llvm::make_second_range(gradients))
      store.erase();
  }

private:
  func::FuncOp train, update;
  llvm::MapVector<StringAttr, cnn::StoreOp> gradients;
  IRMapping mapping;

  /// Places the operation, with its loads and stores, behind the gradient and behind all readers of the value that it
  /// overwrites.
  void inlineUpdate(Operation *op) {
    Operation *last = nullptr;
    StringAttr layer;
    auto follow = [&](Operation *other) {
      if (other && !other->hasTrait<OpTrait::IsTerminator>() && (!last || last->isBeforeInBlock(other)))
        last = other;
    };
    SmallVector<cnn::LoadOp> missing;
    for (Value operand : op->getOperands()) {
      auto load = operand.getDefiningOp<cnn::LoadOp>();
      if (!load)
        continue;
      if (isGradient(load)) {
        Value gradient = gradients.lookup(load.getParameterAttr().getAttr()).getValue();
        mapping.map(operand, gradient);
        layer = layerOf(gradient);
        follow(gradient.getDefiningOp());
        continue;
      }
      for (auto known : train.getOps<cnn::LoadOp>())
        if (known.getParameter() == load.getParameter() && known.getBlock() == load.getBlock()) {
          mapping.map(operand, known.getResult());
          follow(known);
          for (Operation *user : known->getUsers())
            follow(user);
        }
      if (!mapping.contains(operand))
        missing.push_back(load);
    }

    OpBuilder builder = OpBuilder::atBlockTerminator(&train.getBody().front());
    if (last)
      builder.setInsertionPointAfter(last);
    for (cnn::LoadOp load : missing)
      builder.clone(*load, mapping);
    Operation *inlined = builder.clone(*op, mapping);
    if (layer)
      inlined->setAttr(cnn::layerAttributeName, layer);
    for (Operation *user : op->getUsers())
      builder.clone(*user, mapping);
  }
};

struct FuseUpdatePass : impl::FuseUpdateBase<FuseUpdatePass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp update = functionOfKind(module, "update");
    if (!update || !updatesEachStep(module))
      return;
    SymbolTable symbols(module);
    for (auto step : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (kindOf(step) != "step")
        continue;
      func::FuncOp train = step.clone();
      UpdateInliner inliner(train, update);
      if (!inliner.fits()) {
        train->destroy();
        continue;
      }
      StringRef suffix = step.getName();
      suffix.consume_front("step");
      train.setName(("train" + suffix).str());
      train->setAttr("cnn.kind", StringAttr::get(&getContext(), "train"));
      symbols.insert(train, std::next(step->getIterator()));
      inliner.run();
    }
  }
};

} // namespace
} // namespace fovea
