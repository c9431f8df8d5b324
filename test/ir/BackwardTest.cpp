// The gradients that each operation asks for: which operations, of which types, and none that nobody needs.
#include "ir/Cnn.h"

#include <gtest/gtest.h>

namespace fovea::cnn {
namespace {

using namespace mlir;

class Backward : public testing::Test {
protected:
  Backward() : builder(&context), module(ModuleOp::create(UnknownLoc::get(&context))) {
    context.loadDialect<CnnDialect>();
    context.allowUnregisteredDialects();
    builder.setInsertionPointToStart(module->getBody());
  }

  Value tensor(Shape shape, Type element = {}) {
    auto type = RankedTensorType::get(shape, element ? element : builder.getF32Type());
    OperationState state(builder.getUnknownLoc(), "test.source", {}, {type});
    return builder.create(state)->getResult(0);
  }

  template <typename Op, typename... Args> Op make(Args &&...args) {
    auto op = builder.create<Op>(builder.getUnknownLoc(), std::forward<Args>(args)...);
    op->setAttr(layerAttributeName, builder.getStringAttr("layer"));
    return op;
  }

  /// The operations that `op` creates for the operands whose gradient is `needed`; gradients must have their types.
  std::string backward(Operation *op, ArrayRef<bool> needed) {
    SmallVector<Value> results, gradients(op->getNumOperands());
    for (Value result : op->getResults())
      results.push_back(tensor(shapeOf(result), tensorType(result).getElementType()));
    Operation *before = &module->getBody()->back();
    cast<DifferentiableOpInterface>(op).backward(builder, results, needed, gradients);
    for (auto [index, gradient] : llvm::enumerate(gradients)) {
      EXPECT_EQ(bool(gradient), needed[index]) << "operand " << index;
      if (gradient)
        EXPECT_EQ(gradient.getType(), op->getOperand(index).getType()) << "operand " << index;
    }
    std::string created;
    for (Operation *next = before->getNextNode(); next; next = next->getNextNode()) {
      EXPECT_EQ(next->getAttrOfType<StringAttr>(layerAttributeName), builder.getStringAttr("layer"));
      created += (created.empty() ? "" : " ") + next->getName().stripDialect().str();
    }
    return created;
  }

  MLIRContext context;
  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
};

TEST_F(Backward, BatchNormalizationGivesAllItsGradients) {
  Value x = tensor({2, 3, 8, 8}), channels = tensor({3});
  auto norm = make<BatchNormOp>(x, channels, channels, channels, channels, tensor({8}), builder.getF32FloatAttr(1e-5f));
  EXPECT_EQ(backward(norm, {true, true, true, false, false, false}), "batch_norm_sums batch_norm_input_gradient");
  EXPECT_EQ(backward(norm, {false, true, true, false, false, false}), "batch_norm_sums");
}

TEST_F(Backward, LocalGivesOnlyWhatIsNeeded) {
  const int64_t stride[] = {1, 1}, pad[] = {0, 0, 0, 0};
  auto local = make<LocalOp>(tensor({2, 3, 4, 4}), tensor({5, 2, 2, 3, 3, 3}), tensor({5, 2, 2}), stride, pad);
  EXPECT_EQ(backward(local, {true, true, true}), "local_input_gradient local_weight_gradient local_bias_gradient");
  EXPECT_EQ(backward(local, {false, true, false}), "local_weight_gradient");
}

TEST_F(Backward, ConvolutionGivesOnlyWhatIsNeeded) {
  auto conv = make<Conv2dOp>(tensor({2, 3, 8, 8}), tensor({4, 3, 3, 3}), tensor({4}));
  EXPECT_EQ(backward(conv, {false, true, true}), "conv2d_weight_gradient bias_gradient");
  EXPECT_EQ(backward(conv, {true, true, true}),
            "transpose_weight conv2d_input_gradient conv2d_weight_gradient bias_gradient");
  auto unbiased = make<Conv2dOp>(tensor({2, 3, 8, 8}), tensor({4, 3, 3, 3}), Value());
  EXPECT_EQ(backward(unbiased, {true, false}), "transpose_weight conv2d_input_gradient");
}

TEST_F(Backward, DenseReadsImagesToo) {
  auto dense = make<DenseOp>(tensor({2, 3, 4, 4}), tensor({10, 48}), tensor({10}));
  EXPECT_EQ(backward(dense, {true, true, true}),
            "dense_input_gradient dense_weight_gradient bias_gradient");
  EXPECT_EQ(backward(dense, {false, true, false}), "dense_weight_gradient");
}

TEST_F(Backward, PoolingKeepsItsWindow) {
  Value x = tensor({2, 3, 9, 9});
  const SmallVector<int64_t> kernel{3, 3}, stride{2, 2}, pad{1, 1, 0, 0};
  EXPECT_EQ(backward(make<MaxPoolIndicesOp>(x, kernel, stride, pad, true), {true}), "max_pool_gradient");
  EXPECT_EQ(backward(make<AvgPoolOp>(x, kernel, stride, pad, true, Divisor::one), {true}), "avg_pool_gradient");
  auto gradient = cast<AvgPoolGradientOp>(module->getBody()->back());
  EXPECT_EQ(gradient.getKernel(), ArrayRef(kernel));
  EXPECT_EQ(gradient.getStride(), ArrayRef(stride));
  EXPECT_EQ(gradient.getPad(), ArrayRef(pad));
  EXPECT_TRUE(gradient.getCeil());
  EXPECT_EQ(gradient.getDivisor(), Divisor::one);
  EXPECT_FALSE(isa<DifferentiableOpInterface>(make<MaxPoolOp>(x, kernel, stride, pad, true).getOperation()));
}

TEST_F(Backward, ActivationsUseTheirResult) {
  Value x = tensor({2, 10});
  EXPECT_EQ(backward(make<ReluOp>(x), {true}), "relu_gradient");
  EXPECT_EQ(backward(make<SigmoidOp>(x), {true}), "sigmoid_gradient");
  EXPECT_EQ(backward(make<SoftmaxOp>(x), {true}), "softmax_gradient");
  auto tanh = make<TanhOp>(x, llvm::APFloat(1.7159f), llvm::APFloat(0.5f));
  EXPECT_EQ(backward(tanh, {true}), "tanh_gradient");
  auto gradient = cast<TanhGradientOp>(module->getBody()->back());
  EXPECT_EQ(gradient.getY(), tanh.getY());
  EXPECT_EQ(gradient.getAmplitude().convertToFloat(), 1.7159f);
  EXPECT_EQ(gradient.getSlope().convertToFloat(), 0.5f);
}

TEST_F(Backward, Rearranging) {
  Value x = tensor({2, 3, 4, 4});
  EXPECT_EQ(backward(make<FlattenOp>(x), {true}), "unflatten");
  EXPECT_EQ(backward(make<FlattenOp>(tensor({2, 48})), {true}), "");
  EXPECT_EQ(backward(make<UnflattenOp>(x.getType(), tensor({2, 48})), {true}), "flatten");
  EXPECT_EQ(backward(make<ChannelShuffleOp>(tensor({2, 12, 4, 4}), 3), {true}), "channel_shuffle");
  EXPECT_EQ(cast<ChannelShuffleOp>(module->getBody()->back()).getGroups(), 4u);
  EXPECT_EQ(backward(make<ConcatOp>(ValueRange{x, tensor({2, 1, 4, 4}), x}), {true, false, true}), "slice slice");
  auto last = cast<SliceOp>(module->getBody()->back());
  EXPECT_EQ(last.getOffset(), 4u);
  EXPECT_EQ(last.getSize(), 3u);
}

TEST_F(Backward, Arithmetic) {
  Value x = tensor({2, 3, 4, 4}), y = tensor({2, 3, 4, 4}), c = tensor({3});
  EXPECT_EQ(backward(make<AddOp>(x, y), {true, true}), "");
  EXPECT_EQ(backward(make<MulOp>(x, y), {true, true}), "mul mul");
  EXPECT_EQ(backward(make<MulOp>(x, y), {false, true}), "mul");
  EXPECT_EQ(cast<MulOp>(module->getBody()->back()).getB(), x);
  EXPECT_EQ(backward(make<ScaleOp>(x, c, c), {true, true, true}), "scale scale_coefficient_gradient bias_gradient");
  EXPECT_EQ(backward(make<ScaleOp>(x, c, Value()), {true, false}), "scale");
  EXPECT_EQ(backward(make<RbfOp>(tensor({2, 84}), tensor({10, 84})), {true, false}), "rbf_input_gradient");
}

TEST_F(Backward, LossesStartTheWalk) {
  Value y = tensor({2, 10}), labels = tensor({2}, builder.getI32Type()), scalars = tensor({8});
  LossOpInterface entropy = make<SoftmaxCrossEntropyOp>(y, labels);
  Value gradient = entropy.predictionGradient(builder, scalars);
  EXPECT_TRUE(gradient.getDefiningOp<SoftmaxCrossEntropyGradientOp>());
  EXPECT_EQ(gradient.getType(), y.getType());
  auto auxiliary = make<SoftmaxCrossEntropyOp>(y, labels, entropy->getResult(0), builder.getF32FloatAttr(0.3f));
  auto weighted = auxiliary.predictionGradient(builder, scalars).getDefiningOp<SoftmaxCrossEntropyGradientOp>();
  ASSERT_TRUE(weighted);
  EXPECT_EQ(weighted.getWeight().convertToFloat(), 0.3f);
  LossOpInterface map = make<RbfMapLossOp>(y, labels, llvm::APFloat(0.1f));
  auto mapGradient = map.predictionGradient(builder, scalars).getDefiningOp<RbfMapLossGradientOp>();
  ASSERT_TRUE(mapGradient);
  EXPECT_EQ(mapGradient.getJ().convertToFloat(), 0.1f);
}

} // namespace
} // namespace fovea::cnn
