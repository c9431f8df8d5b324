#include "ir/Cnn.h"
#include "passes/CostModel.h"
#include "passes/Passes.h"
#include "passes/TileModel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"

#include "llvm/ADT/TypeSwitch.h"

namespace fovea {

#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

using cnn::tensorType;

cnn::LayoutAttr layoutOf(Type type) {
  return dyn_cast_or_null<cnn::LayoutAttr>(cast<RankedTensorType>(type).getEncoding());
}

RankedTensorType withLayout(Type type, cnn::LayoutAttr layout) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType(), layout);
}

/// Whether channels-last with `block` padded channels is byte for byte the plain order.
bool isPlainInDisguise(RankedTensorType type, int64_t block) {
  if (type.getRank() < 2 || type.getDimSize(1) != block)
    return false;
  return block == 1 || type.getRank() == 2 || type.getDimSize(2) * type.getDimSize(3) == 1;
}

/// The layouts that a target wants. A null layout means plain.
class LayoutRules {
public:
  LayoutRules(MLIRContext *context, const TargetInfo &target) : context(context), target(target) {}

  cnn::LayoutAttr activation(RankedTensorType type) const {
    const int64_t channels = type.getDimSize(1);
    const int64_t padded = paddedChannels(channels, target);
    // Of bf16, layers read pairs of channels.
    return layout(cnn::LayoutKind::channels_last, type.getElementType().isBF16() ? padded + padded % 2 : padded);
  }

  /// An unshared convolution's [O,OH,OW,I,KH,KW], and its biases [O,OH,OW].
  cnn::LayoutAttr localWeight(RankedTensorType type) const {
    return layout(cnn::LayoutKind::local_weight, blockFor(type.getDimSize(0), target));
  }
  cnn::LayoutAttr localBias(RankedTensorType type) const {
    return layout(cnn::LayoutKind::channels_last, paddedChannels(type.getDimSize(0), target));
  }

  cnn::LayoutAttr vector(RankedTensorType type) const {
    return layout(cnn::LayoutKind::vector, paddedChannels(type.getDimSize(0), target));
  }

  /// A convolution's [O, I, KH, KW]. A block of filters never crosses from one group into the next.
  cnn::LayoutAttr weight(RankedTensorType type, int64_t groups) const {
    const int64_t filters = type.getDimSize(0),
                  block = groups > 1 ? groupBlockFor(filters / groups, target) : blockFor(filters, target);
    return layout(cnn::LayoutKind::weight, type.getElementType().isBF16() ? narrowBlock(block, target) : block);
  }

  /// A dense layer's [O, K], seen as [O, C, H, W] of the input that it reads.
  cnn::LayoutAttr denseWeight(RankedTensorType type, RankedTensorType input) const {
    const int64_t block = blockFor(type.getDimSize(0), target);
    const bool tiles = type.getElementType().isBF16() && tilesPay(input.getDimSize(0));
    return layout(cnn::LayoutKind::weight, tiles ? narrowBlock(block, target) : block, view(input));
  }

  /// A weight's layout after cnn.transpose_weight: in blocks of input channels.
  cnn::LayoutAttr transposed(RankedTensorType type, cnn::LayoutAttr weight, int64_t groups = 1) const {
    const int64_t inputs = weight.getSpatial().empty() ? type.getDimSize(1) : weight.getSpatial()[0];
    return layout(cnn::LayoutKind::weight_transposed,
                  groups > 1 ? groupBlockFor(inputs, target) : blockFor(inputs, target), weight.getSpatial());
  }

private:
  MLIRContext *context;
  const TargetInfo &target;

  static SmallVector<int64_t, 3> view(RankedTensorType input) {
    SmallVector<int64_t, 3> result(input.getShape().drop_front());
    result.resize(3, 1);
    return result;
  }

  cnn::LayoutAttr layout(cnn::LayoutKind kind, int64_t block, ArrayRef<int64_t> spatial = {}) const {
    return cnn::LayoutAttr::get(context, kind, block, spatial);
  }
};

/// The layouts in which an operation reads its operands and writes its results.
struct Requirement {
  SmallVector<cnn::LayoutAttr> operands, results;
};

class LayoutAssigner {
public:
  LayoutAssigner(ModuleOp module, const TargetInfo &target)
      : module(module), symbols(module), rules(module.getContext(), target) {}

  void run() {
    for (auto function : module.getOps<func::FuncOp>())
      function.walk([&](cnn::LoadOp load) { layOutParameter(load); });
    for (auto function : module.getOps<func::FuncOp>())
      layOutFunction(function);
  }

private:
  ModuleOp module;
  SymbolTable symbols;
  LayoutRules rules;
  /// Relayouts made in the current function, so that each is made once.
  DenseMap<std::pair<Value, mlir::Attribute>, Value> relayouts;

  /// A parameter takes the layout that its first reader asks for; readers that want another get a relayout.
  void layOutParameter(cnn::LoadOp load) {
    auto parameter = symbols.lookup<cnn::ParameterOp>(load.getParameter());
    if (layoutOf(parameter.getType()))
      return;
    // Uses are listed in no order to rely on.
    Operation *first = nullptr;
    cnn::LayoutAttr chosen;
    for (OpOperand &use : load->getUses()) {
      if (isa<cnn::SgdUpdateOp, cnn::AverageUpdateOp, func::ReturnOp, cnn::StoreOp>(use.getOwner()))
        continue;
      cnn::LayoutAttr layout = parameterLayout(use);
      if (layout && (!first || use.getOwner()->isBeforeInBlock(first))) {
        first = use.getOwner();
        chosen = layout;
      }
    }
    if (chosen)
      parameter.setType(withLayout(parameter.getType(), chosen));
  }

  cnn::LayoutAttr parameterLayout(OpOperand &use) {
    Operation *user = use.getOwner();
    // A mask meets the gradient of its parameter, which no layout has been given yet: ask what computes it.
    if (isa<cnn::MulOp, cnn::AddOp>(user)) {
      Operation *other = user->getOperand(1 - use.getOperandNumber()).getDefiningOp();
      while (other && isa<cnn::MulOp, cnn::AddOp>(other))
        other = other->getOperand(0).getDefiningOp();
      return other && other->getNumResults() == 1 && !isa<cnn::LoadOp>(other) ? require(other).results[0]
                                                                              : cnn::LayoutAttr();
    }
    return require(user).operands[use.getOperandNumber()];
  }

  void layOutFunction(func::FuncOp function) {
    relayouts.clear();
    for (BlockArgument argument : function.getArguments())
      disguise(argument);
    for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
      if (auto load = dyn_cast<cnn::LoadOp>(op)) {
        load->getResult(0).setType(symbols.lookup<cnn::ParameterOp>(load.getParameter()).getType());
        continue;
      }
      Requirement requirement = require(&op);
      for (auto [index, layout] : llvm::enumerate(requirement.operands))
        op.setOperand(index, relayout(op.getOperand(index), layout, &op));
      for (auto [result, layout] : llvm::zip_equal(op.getResults(), requirement.results))
        result.setType(withLayout(result.getType(), layout));
    }
    Operation *terminator = function.getBody().front().getTerminator();
    function.setType(
        FunctionType::get(module.getContext(), function.getBody().getArgumentTypes(), terminator->getOperandTypes()));
  }

  /// An image whose plain order is channels-last order too is called channels-last and needs no relayout.
  void disguise(BlockArgument argument) {
    RankedTensorType type = tensorType(argument);
    if (type.getRank() < 2 || layoutOf(type))
      return;
    cnn::LayoutAttr layout = rules.activation(type);
    if (isPlainInDisguise(type, layout.getBlock()))
      argument.setType(withLayout(type, layout));
  }

  Value relayout(Value value, cnn::LayoutAttr layout, Operation *user) {
    if (layoutOf(value.getType()) == layout)
      return value;
    Value &changed = relayouts[{value, layout}];
    if (!changed) {
      OpBuilder builder(user);
      if (Operation *producer = value.getDefiningOp())
        builder.setInsertionPointAfter(producer);
      else
        builder.setInsertionPointToStart(user->getBlock());
      changed = builder.create<cnn::RelayoutOp>(value.getLoc(), withLayout(value.getType(), layout), value);
    }
    return changed;
  }

  cnn::LayoutAttr activation(Value value) { return rules.activation(tensorType(value)); }
  cnn::LayoutAttr vector(Value value) { return rules.vector(tensorType(value)); }

  /// What most operations want: activations channels-last.
  Requirement channelsLast(Operation *op) {
    Requirement requirement;
    for (Value operand : op->getOperands())
      requirement.operands.push_back(activation(operand));
    for (Value result : op->getResults())
      requirement.results.push_back(activation(result));
    return requirement;
  }

  /// Activations channels-last, one value per channel in vectors, the scalars plain.
  Requirement byRank(Operation *op) {
    Value scalars = TypeSwitch<Operation *, Value>(op)
                        .Case<cnn::BatchNormOp, cnn::BatchNormInputGradientOp, cnn::BatchStatisticsOp,
                              cnn::RunningStatisticsOp>([](auto typed) { return typed.getScalars(); })
                        .Default([](Operation *) { return Value(); });
    auto layout = [&](Value value) {
      if (value == scalars)
        return cnn::LayoutAttr();
      return tensorType(value).getRank() == 1 ? vector(value) : activation(value);
    };
    return {llvm::map_to_vector(op->getOperands(), layout), llvm::map_to_vector(op->getResults(), layout)};
  }

  Requirement require(Operation *op) {
    Requirement plain{SmallVector<cnn::LayoutAttr>(op->getNumOperands()),
                      SmallVector<cnn::LayoutAttr>(op->getNumResults())};
    auto operand = [&](unsigned index) { return op->getOperand(index); };
    auto type = [&](unsigned index) { return tensorType(operand(index)); };
    auto result = [&] { return tensorType(op->getResult(0)); };
    using Layouts = SmallVector<cnn::LayoutAttr>;
    auto withBias = [&](Layouts operands) {
      if (op->getNumOperands() == 3)
        operands.push_back(vector(operand(2)));
      return operands;
    };
    return TypeSwitch<Operation *, Requirement>(op)
        .Case<cnn::Conv2dOp>([&](cnn::Conv2dOp conv) {
          return Requirement{withBias({activation(operand(0)), rules.weight(type(1), conv.getGroups())}),
                             {rules.activation(result())}};
        })
        .Case<cnn::WinogradWeightOp>([&](cnn::WinogradWeightOp transform) {
          const int64_t groups = transform.getGroups();
          cnn::LayoutAttr weight = rules.weight(type(0), groups);
          return Requirement{{weight}, {transform.getTransposed() ? rules.transposed(type(0), weight, groups) : weight}};
        })
        .Case<cnn::WinogradConv2dOp>([&](cnn::WinogradConv2dOp conv) {
          const int64_t groups = conv.getGroups();
          cnn::LayoutAttr weight = rules.weight(type(1), groups);
          return Requirement{
              withBias({activation(operand(0)), conv.getTransposed() ? rules.transposed(type(1), weight, groups) : weight}),
              {rules.activation(result())}};
        })
        .Case<cnn::WinogradInputGradientOp>([&](cnn::WinogradInputGradientOp gradient) {
          const int64_t groups = gradient.getGroups();
          return Requirement{{activation(operand(0)), rules.transposed(type(1), rules.weight(type(1), groups), groups)},
                             {rules.activation(result())}};
        })
        .Case<cnn::WinogradWeightGradientOp>([&](cnn::WinogradWeightGradientOp gradient) {
          return Requirement{{activation(operand(0)), activation(operand(1))},
                             {rules.weight(result(), gradient.getGroups())}};
        })
        .Case<cnn::DenseOp>([&](auto) {
          return Requirement{withBias({activation(operand(0)), rules.denseWeight(type(1), type(0))}),
                             {rules.activation(result())}};
        })
        .Case<cnn::ScaleOp>([&](auto) {
          return Requirement{withBias({activation(operand(0)), vector(operand(1))}), {rules.activation(result())}};
        })
        .Case<cnn::ScaleFiltersOp>([&](auto) {
          cnn::LayoutAttr weight = layoutForReader(op->getResult(0));
          return Requirement{{weight, vector(operand(1))}, {weight}};
        })
        .Case<cnn::NarrowOp>([&](auto) {
          cnn::LayoutAttr wanted = layoutForReader(op->getResult(0));
          if (wanted.getKind() == cnn::LayoutKind::weight)
            return Requirement{{wideLayout(op->getResult(0), type(0))}, {wanted}};
          // An image is put in order on the way.
          return Requirement{{isa<BlockArgument>(operand(0)) ? layoutOf(type(0)) : activation(operand(0))}, {wanted}};
        })
        .Case<cnn::LocalOp>([&](auto) {
          Requirement requirement{{activation(operand(0)), rules.localWeight(type(1))}, {rules.activation(result())}};
          if (op->getNumOperands() == 3)
            requirement.operands.push_back(rules.localBias(type(2)));
          return requirement;
        })
        .Case<cnn::LocalInputGradientOp>([&](auto) {
          return Requirement{{activation(operand(0)), rules.localWeight(type(1))}, {rules.activation(result())}};
        })
        .Case<cnn::LocalWeightGradientOp>([&](auto) {
          return Requirement{{activation(operand(0)), activation(operand(1))}, {rules.localWeight(result())}};
        })
        .Case<cnn::LocalBiasGradientOp>(
            [&](auto) { return Requirement{{activation(operand(0))}, {rules.localBias(result())}}; })
        .Case<cnn::BatchNormOp, cnn::BatchNormInputGradientOp, cnn::BatchNormSumsOp, cnn::BatchStatisticsOp,
              cnn::RunningStatisticsOp, cnn::AverageUpdateOp, cnn::BatchNormCoefficientOp, cnn::BatchNormOffsetOp,
              cnn::ScaleBiasOp>([&](auto) { return byRank(op); })
        .Case<cnn::RbfOp>([&](auto) {
          return Requirement{{activation(operand(0)), rules.denseWeight(type(1), type(0))},
                             {rules.activation(result())}};
        })
        .Case<cnn::RbfInputGradientOp>([&](auto) {
          return Requirement{{activation(operand(0)), rules.denseWeight(type(1), type(0)), activation(operand(2))},
                             {rules.activation(result())}};
        })
        .Case<cnn::TransposeWeightOp>([&](auto) {
          // The weight is laid out by the layer that reads it forwards; backwards the same view is kept.
          cnn::LayoutAttr weight = layoutOf(operand(0).getType());
          if (!weight)
            weight = rules.weight(type(0), groupsOfReader(op));
          return Requirement{{weight}, {rules.transposed(type(0), weight, groupsOfReader(op))}};
        })
        .Case<cnn::Conv2dInputGradientOp>([&](cnn::Conv2dInputGradientOp gradient) {
          const int64_t groups = gradient.getGroups();
          return Requirement{{activation(operand(0)), rules.transposed(type(1), rules.weight(type(1), groups), groups)},
                             {rules.activation(result())}};
        })
        .Case<cnn::DenseInputGradientOp>([&](auto) {
          return Requirement{{activation(operand(0)), rules.denseWeight(type(1), result())}, {rules.activation(result())}};
        })
        .Case<cnn::Conv2dWeightGradientOp>([&](cnn::Conv2dWeightGradientOp gradient) {
          return Requirement{{activation(operand(0)), activation(operand(1))},
                             {rules.weight(result(), gradient.getGroups())}};
        })
        .Case<cnn::DenseWeightGradientOp>([&](auto) {
          return Requirement{{activation(operand(0)), activation(operand(1))}, {rules.denseWeight(result(), type(0))}};
        })
        .Case<cnn::BiasGradientOp>(
            [&](auto) { return Requirement{{activation(operand(0))}, {rules.vector(result())}}; })
        .Case<cnn::ScaleCoefficientGradientOp>([&](auto) {
          return Requirement{{activation(operand(0)), activation(operand(1))}, {rules.vector(result())}};
        })
        .Case<cnn::SoftmaxCrossEntropyOp, cnn::RbfMapLossOp>(
            [&](auto) { return Requirement{{activation(operand(0)), {}}, {{}}}; })
        .Case<cnn::SoftmaxCrossEntropyGradientOp, cnn::RbfMapLossGradientOp>(
            [&](auto) { return Requirement{{activation(operand(0)), {}, {}}, {rules.activation(result())}}; })
        .Case<cnn::AddOp, cnn::MulOp>([&](auto) {
          // Of activations, or of gradients of parameters: these keep their packing.
          cnn::LayoutAttr first = layoutOf(operand(0).getType());
          if (!first)
            first = layoutOf(operand(1).getType());
          if (!first || first.getKind() == cnn::LayoutKind::channels_last)
            return result().getRank() > 1 ? channelsLast(op) : plain;
          return Requirement{{first, first}, {first}};
        })
        .Case<cnn::DropoutOp>([&](auto) {
          Requirement requirement{{activation(operand(0))}, {rules.activation(result())}};
          requirement.operands.resize(op->getNumOperands()); // The scalars are plain.
          return requirement;
        })
        .Case<cnn::SgdUpdateOp>([&](auto) {
          cnn::LayoutAttr packed = layoutOf(operand(0).getType());
          return Requirement{{packed, packed, packed, {}}, {packed, packed}};
        })
        .Case<cnn::StoreOp>([&](cnn::StoreOp store) {
          return Requirement{{layoutOf(symbols.lookup<cnn::ParameterOp>(store.getParameter()).getType())}, {}};
        })
        .Case<cnn::RelayoutOp>(
            [&](auto) { return Requirement{{layoutOf(operand(0).getType())}, {layoutOf(op->getResult(0).getType())}}; })
        .Case<func::ReturnOp>([&](auto) {
          for (auto [index, value] : llvm::enumerate(op->getOperands())) {
            cnn::LayoutAttr layout = layoutOf(value.getType());
            if (layout && layout.getKind() == cnn::LayoutKind::channels_last &&
                isPlainInDisguise(tensorType(value), layout.getBlock()))
              plain.operands[index] = layout;
          }
          return plain;
        })
        .Default([&](Operation *) { return channelsLast(op); });
  }

  /// In which layout the first to read `weight` wants it.
  cnn::LayoutAttr layoutForReader(Value weight) {
    OpOperand *first = nullptr; // Uses are listed in no order to rely on.
    for (OpOperand &use : weight.getUses())
      if (!first || use.getOwner()->isBeforeInBlock(first->getOwner()))
        first = &use;
    return first ? require(first->getOwner()).operands[first->getOperandNumber()] : cnn::LayoutAttr();
  }

  /// The layout of a weight of f32 whose rounded form is `narrowed`.
  cnn::LayoutAttr wideLayout(Value narrowed, RankedTensorType wide) {
    for (Operation *user : narrowed.getUsers()) {
      if (auto conv = dyn_cast<cnn::Conv2dOp>(user))
        return rules.weight(wide, conv.getGroups());
      if (auto dense = dyn_cast<cnn::DenseOp>(user))
        return rules.denseWeight(wide, tensorType(dense.getX()));
    }
    return {};
  }

  /// The groups of the convolution whose gradient reads `transposed`.
  static int64_t groupsOfReader(Operation *transpose) {
    for (Operation *user : transpose->getUsers())
      if (auto gradient = dyn_cast<cnn::Conv2dInputGradientOp>(user))
        return gradient.getGroups();
    return 1;
  }
};

struct AssignLayoutsPass : impl::AssignLayoutsBase<AssignLayoutsPass> {
  using AssignLayoutsBase::AssignLayoutsBase;

  void runOnOperation() override {
    std::optional<TargetInfo> info = targetOrError(target, getOperation());
    if (!info)
      return signalPassFailure();
    LayoutAssigner(getOperation(), *info).run();
    getOperation()->setAttr("cnn.target", StringAttr::get(&getContext(), info->name));
  }
};

} // namespace
} // namespace fovea
