#include "ir/Cnn.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace fovea {

#define GEN_PASS_DEF_FOLD
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

int64_t rank(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }

/// The rank-4 tensor that `value` is the flattened form of, or null.
Value unflattened(Value value) {
  auto flatten = value.getDefiningOp<cnn::FlattenOp>();
  if (!flatten || rank(flatten->getOperand(0)) != 4)
    return {};
  return flatten->getOperand(0);
}

/// A copy of `op` with other operands and another type of its only result.
Operation *cloneWith(PatternRewriter &rewriter, Operation *op, ValueRange operands, Type resultType) {
  Operation *copy = rewriter.clone(*op);
  rewriter.modifyOpInPlace(copy, [&] {
    copy->setOperands(operands);
    copy->getResult(0).setType(resultType);
  });
  return copy;
}

/// op(flatten(x), ...) -> op(x, ...) for the operations that flatten their first operand themselves.
template <typename Op> struct ReadThroughFlatten : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    Value input = unflattened(op->getOperand(0));
    if (!input)
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op->setOperand(0, input); });
    return success();
  }
};

/// unflatten(dense_input_gradient(dy, w)) -> dense_input_gradient(dy, w) with the rank-4 result.
struct UnflattenInputGradient : OpRewritePattern<cnn::UnflattenOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(cnn::UnflattenOp op, PatternRewriter &rewriter) const override {
    auto gradient = op->getOperand(0).getDefiningOp<cnn::DenseInputGradientOp>();
    if (!gradient || !gradient->hasOneUse())
      return failure();
    rewriter.replaceOp(op, cloneWith(rewriter, gradient, gradient->getOperands(), op->getResult(0).getType()));
    return success();
  }
};

/// relu(flatten(x)) -> flatten(relu(x)), and likewise for every element-wise operation whose operands are all
/// flattened: brings the flatten next to the dense layer that absorbs it.
struct FlattenAfterElementwise : RewritePattern {
  explicit FlattenAfterElementwise(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!op->hasTrait<cnn::ElementwiseOp>() || op->getNumResults() != 1 || op->getNumOperands() == 0)
      return failure();
    SmallVector<Value> inputs;
    for (Value operand : op->getOperands()) {
      Value input = unflattened(operand);
      if (!input || (!inputs.empty() && input.getType() != inputs.front().getType()))
        return failure();
      inputs.push_back(input);
    }
    Operation *moved = cloneWith(rewriter, op, inputs, inputs.front().getType());
    Operation *flatten = op->getOperand(0).getDefiningOp();
    rewriter.replaceOp(op, cloneWith(rewriter, flatten, moved->getResults(), op->getResult(0).getType()));
    return success();
  }
};

/// The gradient of an activation y = f(x), written in terms of y, of a max pooling's gradient:
///   f_gradient(y, max_pool_gradient(indices, dy)) -> max_pool_gradient(indices, f_gradient(pooled, dy))
/// where (pooled, indices) = max_pool_indices(y). The pooling's gradient is zero except at the maxima, and there y is
/// what the pooling passed on.
template <typename Gradient> struct ActivationGradientAfterPool : OpRewritePattern<Gradient> {
  using OpRewritePattern<Gradient>::OpRewritePattern;
  LogicalResult matchAndRewrite(Gradient op, PatternRewriter &rewriter) const override {
    auto poolGradient = op->getOperand(1).template getDefiningOp<cnn::MaxPoolGradientOp>();
    if (!poolGradient || !poolGradient->hasOneUse())
      return failure();
    Value indices = poolGradient->getOperand(0), incoming = poolGradient->getOperand(1);
    auto pool = indices.template getDefiningOp<cnn::MaxPoolIndicesOp>();
    if (!pool || pool->getOperand(0) != op->getOperand(0))
      return failure();
    Operation *small = cloneWith(rewriter, op, {pool->getResult(0), incoming}, incoming.getType());
    rewriter.replaceOp(op,
                       cloneWith(rewriter, poolGradient, {indices, small->getResult(0)}, op->getResult(0).getType()));
    return success();
  }
};

/// bias_gradient(max_pool_gradient(indices, dy)) -> bias_gradient(dy): each number of dy goes to one place of its
/// channel, because no window lies outside of the image, so that the sums are the same.
struct BiasGradientAfterPool : OpRewritePattern<cnn::BiasGradientOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(cnn::BiasGradientOp op, PatternRewriter &rewriter) const override {
    auto poolGradient = op.getDy().getDefiningOp<cnn::MaxPoolGradientOp>();
    if (!poolGradient)
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.getDyMutable().assign(poolGradient.getDy()); });
    return success();
  }
};

/// The gradient of an activation y = f(x), written in terms of y, whose result is only concatenated:
///   z = concat(..., y, ...): f_gradient(y, slice(dz)) -> slice(f_gradient(z, dz))
/// where all that is concatenated are results of f. One operation then serves all, and z, which the next layers need
/// for their own gradients, is kept in place of its parts.
template <typename Gradient> struct ActivationGradientBeforeSlice : OpRewritePattern<Gradient> {
  using OpRewritePattern<Gradient>::OpRewritePattern;
  LogicalResult matchAndRewrite(Gradient op, PatternRewriter &rewriter) const override {
    Value y = op->getOperand(0);
    auto slice = op->getOperand(1).template getDefiningOp<cnn::SliceOp>();
    auto concat = slice ? concatOf(y) : cnn::ConcatOp();
    if (!concat || concat->getBlock() != op->getBlock() || !concat->isBeforeInBlock(op) ||
        concat.getY().getType() != slice.getX().getType() || offsetIn(concat, y) != slice.getOffset() ||
        !llvm::all_of(concat.getInputs(), [&](Value input) { return isLike(input, y); }))
      return failure();
    Value whole = concat.getY(), incoming = slice.getX();
    Operation *gradient = nullptr;
    for (Operation *user : incoming.getUsers())
      if (isa<Gradient>(user) && user->getOperand(0) == whole)
        gradient = user;
    if (!gradient) {
      OpBuilder::InsertionGuard guard(rewriter);
      Operation *producer = incoming.getDefiningOp();
      rewriter.setInsertionPointAfter(producer && concat->isBeforeInBlock(producer) ? producer : concat);
      gradient = cloneWith(rewriter, op, {whole, incoming}, incoming.getType());
      if (auto layer = slice->getAttr(cnn::layerAttributeName))
        rewriter.modifyOpInPlace(gradient, [&] { gradient->setAttr(cnn::layerAttributeName, layer); });
    }
    rewriter.replaceOp(op, cloneWith(rewriter, slice, gradient->getResults(), op->getResult(0).getType()));
    return success();
  }

private:
  /// What `y` is concatenated by, if nobody else but its gradients reads it.
  static cnn::ConcatOp concatOf(Value y) {
    cnn::ConcatOp concat;
    for (Operation *user : y.getUsers()) {
      if (isa<Gradient>(user) && user->getOperand(0) == y)
        continue;
      auto other = dyn_cast<cnn::ConcatOp>(user);
      if (!other || concat)
        return {};
      concat = other;
    }
    return concat;
  }

  static uint64_t offsetIn(cnn::ConcatOp concat, Value y) {
    uint64_t offset = 0;
    for (Value input : concat.getInputs()) {
      if (input == y)
        break;
      offset += cast<RankedTensorType>(input.getType()).getDimSize(1);
    }
    return offset;
  }

  /// Whether `input` is the result of the same function as `y`, and is read by nobody else either.
  static bool isLike(Value input, Value y) {
    Operation *one = input.getDefiningOp(), *other = y.getDefiningOp();
    if (!one || !other || one->getName() != other->getName() || !isa<cnn::ReluOp, cnn::TanhOp, cnn::SigmoidOp>(one))
      return false;
    auto numbers = [](Operation *op) {
      return llvm::to_vector(llvm::make_filter_range(
          op->getAttrs(), [](NamedAttribute attribute) { return attribute.getName() != cnn::layerAttributeName; }));
    };
    return numbers(one) == numbers(other) && concatOf(input);
  }
};

struct DropUnusedIndices : OpRewritePattern<cnn::MaxPoolIndicesOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(cnn::MaxPoolIndicesOp op, PatternRewriter &rewriter) const override {
    if (!op->getResult(1).use_empty())
      return failure();
    OperationState state(op.getLoc(), cnn::MaxPoolOp::getOperationName(), op->getOperands(), op->getResult(0).getType(),
                         op->getAttrDictionary().getValue());
    Operation *pool = rewriter.create(state);
    rewriter.replaceAllUsesWith(op->getResult(0), pool->getResult(0));
    rewriter.eraseOp(op);
    return success();
  }
};

struct FoldPass : impl::FoldBase<FoldPass> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<ReadThroughFlatten<cnn::DenseOp>, ReadThroughFlatten<cnn::DenseWeightGradientOp>,
                 UnflattenInputGradient, FlattenAfterElementwise, ActivationGradientAfterPool<cnn::ReluGradientOp>,
                 ActivationGradientAfterPool<cnn::TanhGradientOp>, ActivationGradientAfterPool<cnn::SigmoidGradientOp>,
                 BiasGradientAfterPool, ActivationGradientBeforeSlice<cnn::ReluGradientOp>,
                 ActivationGradientBeforeSlice<cnn::TanhGradientOp>,
                 ActivationGradientBeforeSlice<cnn::SigmoidGradientOp>, DropUnusedIndices>(context);
    for (RegisteredOperationName name : context->getRegisteredOperations())
      if (isa<cnn::CnnDialect>(name.getDialect()))
        name.getCanonicalizationPatterns(patterns, context);
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns)))) {
      getOperation().emitError("folding did not reach a fixed point");
      return signalPassFailure();
    }
    IRRewriter rewriter(context);
    DominanceInfo dominance(getOperation());
    getOperation().walk([&](func::FuncOp function) { eliminateCommonSubExpressions(rewriter, dominance, function); });
  }
};

} // namespace
} // namespace fovea
