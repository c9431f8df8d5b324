#include "ir/Cnn.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"

#include "llvm/ADT/MapVector.h"

namespace fovea {

#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Gradients of parameters, in the order in which the backward walk completes them.
using ParameterGradients = llvm::MapVector<StringAttr, Value>;

bool isFloat(Value value) { return cast<RankedTensorType>(value.getType()).getElementType().isF32(); }

/// Appends the backward computation to one step function.
class StepDifferentiator {
public:
  StepDifferentiator(func::FuncOp function, SymbolTable &symbols)
      : function(function), symbols(symbols), builder(function.getBody().front().getTerminator()) {}

  LogicalResult run(ParameterGradients &parameters) {
    findActive();
    keepPoolIndices();
    if (failed(seed()))
      return failure();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(forward())))
      if (failed(propagate(&op, parameters)))
        return failure();
    for (auto &[name, gradient] : parameters)
      store(name, gradient);
    return success();
  }

private:
  func::FuncOp function;
  SymbolTable &symbols;
  OpBuilder builder;
  Operation *firstBackward = nullptr;
  DenseSet<Value> active;
  DenseMap<Value, Value> gradients;

  /// The operations of the forward computation, without what this class appended.
  llvm::iterator_range<Block::iterator> forward() {
    Block &body = function.getBody().front();
    return {body.begin(), firstBackward ? firstBackward->getIterator() : body.end()};
  }

  cnn::ParameterOp parameterOf(cnn::LoadOp load) { return symbols.lookup<cnn::ParameterOp>(load.getParameter()); }

  /// Values that depend on a trainable parameter: only these need gradients.
  void findActive() {
    for (Operation &op : function.getBody().front()) {
      bool depends = llvm::any_of(op.getOperands(), [&](Value operand) { return active.contains(operand); });
      if (auto load = dyn_cast<cnn::LoadOp>(op))
        depends = parameterOf(load).getTrainable();
      for (Value result : op.getResults())
        if (depends && isFloat(result))
          active.insert(result);
    }
  }

  /// A max pooling that gradients pass through must remember where its maxima were.
  void keepPoolIndices() {
    for (auto pool : llvm::make_early_inc_range(function.getOps<cnn::MaxPoolOp>())) {
      if (!active.contains(pool->getOperand(0)))
        continue;
      auto type = cast<RankedTensorType>(pool->getResult(0).getType());
      OpBuilder atPool(pool);
      OperationState state(pool.getLoc(), cnn::MaxPoolIndicesOp::getOperationName(), pool->getOperands(),
                           {type, type.clone(atPool.getIntegerType(8))}, pool->getAttrDictionary().getValue());
      Operation *withIndices = atPool.create(state);
      pool->getResult(0).replaceAllUsesWith(withIndices->getResult(0));
      active.insert(withIndices->getResult(0));
      pool->erase();
    }
  }

  /// The loss starts the backward walk, and so do the losses of auxiliary classifiers that it adds.
  LogicalResult seed() {
    Operation *terminator = function.getBody().front().getTerminator(), *lastForward = terminator->getPrevNode();
    auto loss = terminator->getOperand(0).getDefiningOp<cnn::LossOpInterface>();
    if (!loss)
      return function.emitError("a step function's first result must be computed by a loss operation");
    Value scalars = function.getArgument(function.getNumArguments() - 1);
    while (loss) {
      Value prediction = loss->getOperand(0);
      if (active.contains(prediction)) {
        Value &total = gradients[prediction];
        total = sum(total, loss.predictionGradient(builder, scalars), loss.getLoc());
      }
      auto entropy = dyn_cast<cnn::SoftmaxCrossEntropyOp>(*loss);
      loss = entropy && entropy.getPlus() ? entropy.getPlus().getDefiningOp<cnn::LossOpInterface>()
                                          : cnn::LossOpInterface();
    }
    if (lastForward->getNextNode() != terminator)
      firstBackward = lastForward->getNextNode();
    return success();
  }

  LogicalResult propagate(Operation *op, ParameterGradients &parameters) {
    SmallVector<Value> resultGradients;
    for (Value result : op->getResults())
      resultGradients.push_back(gradients.lookup(result));
    if (llvm::none_of(resultGradients, [](Value gradient) { return bool(gradient); }))
      return success();

    if (auto load = dyn_cast<cnn::LoadOp>(op)) {
      Value &total = parameters[parameterOf(load).getSymNameAttr()];
      total = sum(total, resultGradients.front(), op->getLoc());
      return success();
    }
    auto differentiable = dyn_cast<cnn::DifferentiableOpInterface>(op);
    if (!differentiable)
      return op->emitError("has no gradient, but a trainable parameter needs one through it");
    SmallVector<bool> needed;
    for (Value operand : op->getOperands())
      needed.push_back(active.contains(operand));
    SmallVector<Value> operandGradients(op->getNumOperands());
    differentiable.backward(builder, resultGradients, needed, operandGradients);
    for (auto [operand, gradient] : llvm::zip_equal(op->getOperands(), operandGradients)) {
      if (!gradient || !active.contains(operand))
        continue;
      Value &total = gradients[operand];
      total = sum(total, gradient, op->getLoc());
    }
    return success();
  }

  Value sum(Value total, Value gradient, Location loc) {
    if (!total)
      return gradient;
    return builder.create<cnn::AddOp>(loc, total.getType(), total, gradient);
  }

  void store(StringAttr name, Value gradient) {
    auto parameter = symbols.lookup<cnn::ParameterOp>(name);
    if (parameter.getMaskAttr())
      gradient = builder.create<cnn::MulOp>(gradient.getLoc(), gradient.getType(), gradient, loadMask(parameter));
    builder.create<cnn::StoreOp>(gradient.getLoc(), FlatSymbolRefAttr::get(name), gradient,
                                 cnn::ParameterBlock::gradient);
  }

  /// The mask as a constant parameter of ones and zeros, shared by all step functions.
  Value loadMask(cnn::ParameterOp parameter) {
    std::string name = (parameter.getSymName() + ".mask").str();
    auto mask = symbols.lookup<cnn::ParameterOp>(name);
    if (!mask) {
      SmallVector<float> values;
      for (APInt connected : parameter.getMaskAttr().getValues<APInt>())
        values.push_back(connected.isZero() ? 0.0f : 1.0f);
      auto type = cast<RankedTensorType>(parameter.getType());
      OpBuilder atParameter(parameter);
      atParameter.setInsertionPointAfter(parameter);
      mask = atParameter.create<cnn::ParameterOp>(parameter.getLoc(), name, type,
                                                  DenseElementsAttr::get(type, ArrayRef<float>(values)));
      symbols.insert(mask, std::next(parameter->getIterator()));
    }
    return builder.create<cnn::LoadOp>(parameter.getLoc(), mask.getType(),
                                       FlatSymbolRefAttr::get(mask.getSymNameAttr()), cnn::ParameterBlock::value);
  }
};

/// Creates @update, which changes each parameter that has a gradient, and each running average.
void createUpdate(ModuleOp module, const SetVector<StringAttr> &updated, SymbolTable &symbols) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Location loc = module.getLoc();
  auto scalars = RankedTensorType::get({8}, builder.getF32Type());
  auto function = builder.create<func::FuncOp>(loc, "update", builder.getFunctionType({scalars}, {}));
  function->setAttr("cnn.kind", builder.getStringAttr("update"));
  builder.setInsertionPointToStart(function.addEntryBlock());
  for (StringAttr name : updated) {
    auto parameter = symbols.lookup<cnn::ParameterOp>(name);
    auto symbol = FlatSymbolRefAttr::get(name);
    auto load = [&](cnn::ParameterBlock block) -> Value {
      return builder.create<cnn::LoadOp>(parameter.getLoc(), parameter.getType(), symbol, block);
    };
    Value value = load(cnn::ParameterBlock::value);
    Value gradient = load(cnn::ParameterBlock::gradient);
    if (FloatAttr share = parameter.getAverageAttr()) {
      auto update = builder.create<cnn::AverageUpdateOp>(parameter.getLoc(), value, gradient, share);
      update->setAttr("cnn.layer", name);
      builder.create<cnn::StoreOp>(parameter.getLoc(), symbol, update.getResult(), cnn::ParameterBlock::value);
      continue;
    }
    Value momentum = load(cnn::ParameterBlock::momentum);
    auto update =
        builder.create<cnn::SgdUpdateOp>(parameter.getLoc(), value, gradient, momentum, function.getArgument(0),
                                         parameter.getLrMultAttr(), parameter.getDecayMultAttr());
    update->setAttr("cnn.layer", name);
    builder.create<cnn::StoreOp>(parameter.getLoc(), symbol, update->getResult(0), cnn::ParameterBlock::value);
    builder.create<cnn::StoreOp>(parameter.getLoc(), symbol, update->getResult(1), cnn::ParameterBlock::momentum);
  }
  builder.create<func::ReturnOp>(loc);
}

struct DifferentiatePass : impl::DifferentiateBase<DifferentiatePass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SetVector<StringAttr> updated;
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (kindOf(function) != "step")
        continue;
      ParameterGradients parameters;
      if (failed(StepDifferentiator(function, symbols).run(parameters)))
        return signalPassFailure();
      for (auto &entry : parameters)
        updated.insert(entry.first);
      for (auto store : function.getOps<cnn::StoreOp>())
        updated.insert(store.getParameterAttr().getAttr()); // Running averages, too.
    }
    // Walked backwards, the last layer came first; the update goes through the parameters in their own order.
    SetVector<StringAttr> inOrder;
    for (auto parameter : getOperation().getOps<cnn::ParameterOp>())
      if (updated.contains(parameter.getSymNameAttr()))
        inOrder.insert(parameter.getSymNameAttr());
    if (!inOrder.empty())
      createUpdate(getOperation(), inOrder, symbols);
  }
};

} // namespace
} // namespace fovea
