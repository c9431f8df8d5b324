// FLOPs and bytes of each operation, through the builders that infer the result's type.
#include "ir/Cnn.h"

#include <gtest/gtest.h>

namespace fovea::cnn {
namespace {

using namespace mlir;

class Cost : public testing::Test {
protected:
  Cost() : builder(&context), module(ModuleOp::create(UnknownLoc::get(&context))) {
    context.loadDialect<CnnDialect>();
    context.allowUnregisteredDialects();
    builder.setInsertionPointToStart(module->getBody());
  }

  Value tensor(Shape shape, Type element = {}) {
    auto type = RankedTensorType::get(shape, element ? element : builder.getF32Type());
    OperationState state(builder.getUnknownLoc(), "test.source", {}, {type});
    return builder.create(state)->getResult(0);
  }
  Value labels(int64_t n) { return tensor({n}, builder.getI32Type()); }

  template <typename Op, typename... Args> Op make(Args &&...args) {
    return builder.create<Op>(builder.getUnknownLoc(), std::forward<Args>(args)...);
  }
  Type type(Shape shape) { return RankedTensorType::get(shape, builder.getF32Type()); }

  MLIRContext context;
  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
};

TEST_F(Cost, Convolution) {
  Value x = tensor({2, 3, 8, 8}), w = tensor({4, 3, 3, 3}), b = tensor({4});
  auto conv = make<Conv2dOp>(x, w, Value(), ArrayRef<int64_t>{2, 2}, ArrayRef<int64_t>{1, 1, 1, 1});
  EXPECT_EQ(conv.getType(), type({2, 4, 4, 4}));
  const int64_t multiplyAdds = 2 * 4 * 4 * 4 * 27;
  EXPECT_EQ(conv.flops(), 2 * multiplyAdds);
  EXPECT_EQ(conv.bytes(), 4 * (2 * 3 * 64 + 4 * 27 + 2 * 4 * 16));
  EXPECT_EQ(make<Conv2dOp>(x, w, b, conv.getStride(), conv.getPad()).flops(), 2 * multiplyAdds + 2 * 4 * 16);
  EXPECT_EQ(make<Conv2dInputGradientOp>(x.getType(), conv, w, conv.getStride(), conv.getPad()).flops(),
            2 * multiplyAdds);
  EXPECT_EQ(make<Conv2dWeightGradientOp>(w.getType(), x, conv, conv.getStride(), conv.getPad()).flops(),
            2 * multiplyAdds);
  EXPECT_EQ(make<TransposeWeightOp>(w).flops(), 0);
  EXPECT_EQ(make<BiasGradientOp>(conv).flops(), 2 * 4 * 16);
  EXPECT_EQ(make<BiasGradientOp>(conv).getType(), type({4}));
}

TEST_F(Cost, Dense) {
  Value x = tensor({2, 3, 4, 4}), w = tensor({10, 48}), b = tensor({10});
  auto dense = make<DenseOp>(x, w, b);
  EXPECT_EQ(dense.getType(), type({2, 10}));
  EXPECT_EQ(dense.flops(), 2 * 2 * 480 + 20);
  EXPECT_EQ(make<DenseInputGradientOp>(x.getType(), dense, w).flops(), 2 * 2 * 480);
  auto gradient = make<DenseWeightGradientOp>(x, dense);
  EXPECT_EQ(gradient.getType(), w.getType());
  EXPECT_EQ(gradient.flops(), 2 * 2 * 480);
}

TEST_F(Cost, BatchNormalization) {
  FloatAttr epsilon = builder.getF32FloatAttr(1e-5f);
  Value x = tensor({2, 3, 4, 4}), c = tensor({3}), s = tensor({8});
  EXPECT_EQ(make<BatchNormOp>(x, c, c, c, c, s, epsilon).flops(), 2 * 96);
  EXPECT_EQ(make<BatchNormCoefficientOp>(c, c, epsilon).flops(), 9);
  EXPECT_EQ(make<BatchNormOffsetOp>(c, c, c).flops(), 6);
  EXPECT_EQ(make<BatchStatisticsOp>(x, s).flops(), 4 * 96);
  EXPECT_EQ(make<BatchStatisticsOp>(x, s).bytes(), 4 * (96 + 8 + 3 + 3));
  EXPECT_EQ(make<BatchNormSumsOp>(x, x, c, c, epsilon).flops(), 4 * 96);
  EXPECT_EQ(make<BatchNormInputGradientOp>(x, x, c, c, c, c, c, s, epsilon).flops(), 5 * 96);
  EXPECT_EQ(make<RunningStatisticsOp>(c, c, s, 16).flops(), 6);
  EXPECT_EQ(make<AverageUpdateOp>(c, c, builder.getF32FloatAttr(0.1f)).flops(), 9);
}

TEST_F(Cost, Local) {
  Value x = tensor({2, 3, 4, 4}), w = tensor({5, 2, 2, 3, 3, 3}), b = tensor({5, 2, 2});
  const SmallVector<int64_t> stride{1, 1}, pad{0, 0, 0, 0};
  auto local = make<LocalOp>(x, w, b, stride, pad);
  EXPECT_EQ(local.getType(), type({2, 5, 2, 2}));
  const int64_t multiplyAdds = 2 * 5 * 4 * 27;
  EXPECT_EQ(local.flops(), 2 * multiplyAdds + 2 * 20);
  EXPECT_EQ(make<LocalInputGradientOp>(x.getType(), local, w, stride, pad).flops(), 2 * multiplyAdds);
  EXPECT_EQ(make<LocalWeightGradientOp>(w.getType(), x, local, stride, pad).flops(), 2 * multiplyAdds);
  EXPECT_EQ(make<LocalBiasGradientOp>(local).flops(), 40);
  EXPECT_EQ(make<LocalBiasGradientOp>(local).getType(), b.getType());
}

TEST_F(Cost, Pooling) {
  Value x = tensor({2, 3, 8, 8});
  const SmallVector<int64_t> window{2, 2}, pad{0, 0, 0, 0};
  const int64_t outputs = 2 * 3 * 16;
  EXPECT_EQ(make<MaxPoolOp>(x, window, window, pad, false).flops(), 4 * outputs);
  auto withIndices = make<MaxPoolIndicesOp>(x, window, window, pad, false);
  EXPECT_EQ(withIndices.flops(), 4 * outputs);
  EXPECT_EQ(withIndices.bytes(), 4 * 2 * 3 * 64 + 4 * outputs + outputs);
  EXPECT_EQ(
      make<MaxPoolGradientOp>(x.getType(), withIndices.getIndices(), withIndices.getY(), window, window, pad, false)
          .flops(),
      outputs);
  EXPECT_EQ(make<AvgPoolOp>(x, window, window, pad, false, Divisor::valid).flops(), 5 * outputs);
  EXPECT_EQ(make<AvgPoolGradientOp>(x.getType(), withIndices.getY(), window, window, pad, false).flops(), 5 * outputs);
}

TEST_F(Cost, ElementByElement) {
  Value x = tensor({2, 10});
  const llvm::APFloat amplitude(1.7159f), slope(0.6667f);
  EXPECT_EQ(make<ReluOp>(x).flops(), 20);
  EXPECT_EQ(make<ReluGradientOp>(x, x).flops(), 20);
  EXPECT_EQ(make<TanhOp>(x, amplitude, slope).flops(), 60);
  EXPECT_EQ(make<TanhGradientOp>(x, x, amplitude, slope).flops(), 100);
  EXPECT_EQ(make<SigmoidOp>(x).flops(), 60);
  EXPECT_EQ(make<SigmoidGradientOp>(x, x).flops(), 60);
  EXPECT_EQ(make<SoftmaxOp>(x).flops(), 100);
  EXPECT_EQ(make<SoftmaxGradientOp>(x, x).flops(), 80);
  EXPECT_EQ(make<AddOp>(x, x).flops(), 20);
  EXPECT_EQ(make<MulOp>(x, x).flops(), 20);
  EXPECT_EQ(make<MulOp>(x, x).bytes(), 4 * 60);
}

TEST_F(Cost, PerChannel) {
  Value x = tensor({2, 3, 4, 4}), c = tensor({3});
  EXPECT_EQ(make<ScaleOp>(x, c, Value()).flops(), 96);
  EXPECT_EQ(make<ScaleOp>(x, c, c).flops(), 192);
  EXPECT_EQ(make<ScaleFiltersOp>(tensor({3, 2, 5, 5}), c).flops(), 150);
  EXPECT_EQ(make<ScaleBiasOp>(c, c, Value()).flops(), 3);
  EXPECT_EQ(make<ScaleBiasOp>(c, c, c).flops(), 6);
  auto gradient = make<ScaleCoefficientGradientOp>(x, x);
  EXPECT_EQ(gradient.flops(), 192);
  EXPECT_EQ(gradient.getType(), type({3}));
}

TEST_F(Cost, RearrangingIsFree) {
  Value x = tensor({2, 3, 4, 4});
  auto flat = make<FlattenOp>(x);
  EXPECT_EQ(flat.getType(), type({2, 48}));
  EXPECT_EQ(flat.flops(), 0);
  EXPECT_EQ(make<UnflattenOp>(x.getType(), flat).flops(), 0);
  EXPECT_EQ(make<ConcatOp>(ValueRange{x, x}).getType(), type({2, 6, 4, 4}));
  EXPECT_EQ(make<ConcatOp>(ValueRange{x, x}).flops(), 0);
  EXPECT_EQ(make<ChannelShuffleOp>(x, 3).flops(), 0);
  EXPECT_EQ(make<ChannelShuffleOp>(x, 3).getType(), x.getType());
  EXPECT_EQ(make<SliceOp>(x, 1, 2).getType(), type({2, 2, 4, 4}));
  EXPECT_EQ(make<SliceOp>(x, 1, 2).flops(), 0);
  EXPECT_EQ(make<RelayoutOp>(x.getType(), x).flops(), 0);
}

TEST_F(Cost, OutputsAndLosses) {
  Value x = tensor({2, 84}), centers = tensor({10, 84}), y = tensor({2, 10}), scalars = tensor({8});
  EXPECT_EQ(make<RbfOp>(x, centers).flops(), 3 * 2 * 840);
  EXPECT_EQ(make<RbfInputGradientOp>(x, centers, y).flops(), 3 * 2 * 840);
  EXPECT_EQ(make<SoftmaxCrossEntropyOp>(y, labels(2)).flops(), 80);
  EXPECT_EQ(make<SoftmaxCrossEntropyGradientOp>(y, labels(2), scalars).flops(), 140);
  const llvm::APFloat j(0.1f), one(1.0f);
  EXPECT_EQ(make<RbfMapLossOp>(y, labels(2), j).flops(), 40);
  EXPECT_EQ(make<RbfMapLossGradientOp>(y, labels(2), scalars, j).flops(), 100);
  EXPECT_EQ(make<SgdUpdateOp>(centers, centers, centers, scalars, one, one).flops(), 6 * 840);
}

TEST_F(Cost, EveryComputationHasOne) {
  for (RegisteredOperationName name : context.getRegisteredOperations())
    if (isa<CnnDialect>(name.getDialect()) &&
        !llvm::is_contained({"parameter", "load", "store", "kernel", "yield"}, name.stripDialect()))
      EXPECT_TRUE(name.hasInterface<CnnComputeOpInterface>()) << name.getStringRef().str();
}

} // namespace
} // namespace fovea::cnn
