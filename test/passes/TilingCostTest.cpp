#include "passes/TilingCost.h"

#include "passes/CostModel.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

TargetInfo machine(int cores) {
  TargetInfo target = targetNamed("x86-64-v4");
  target.vectorLanes = 8;
  target.cores = cores;
  return target;
}

/// AlexNet's conv1 with all that follows it, or without the normalization.
KernelSpec conv1(int64_t images, const TargetInfo &target, bool normalized = true) {
  const int64_t channels = paddedChannels(96, target);
  auto activation = [&](int64_t size) {
    return TensorSpec{{images, 96, size, size}, ElementType::F32, LayoutKind::ChannelsLast, channels, {}};
  };
  KernelSpec kernel;
  kernel.inputs = {{{images, 3, 227, 227}, ElementType::F32, LayoutKind::ChannelsLast, 3, {}},
                   {{96, 3, 11, 11}, ElementType::F32, LayoutKind::Weight, blockFor(96, target), {3, 11, 11}}};
  kernel.ops.push_back({"conv2d", {0, 1}, {{"stride", std::vector<int64_t>{4, 4}}}, {activation(55)}});
  kernel.ops.push_back({"relu", {2}, {}, {activation(55)}});
  if (normalized)
    kernel.ops.push_back({"lrn", {3}, {{"size", int64_t(5)}}, {activation(55)}});
  kernel.ops.push_back({"max_pool",
                        {normalized ? 4 : 3},
                        {{"kernel", std::vector<int64_t>{3, 3}}, {"stride", std::vector<int64_t>{2, 2}}},
                        {activation(27)}});
  kernel.schedule = chooseSchedule(kernel, target);
  return kernel;
}

/// Height x width of a map with one pooling of it, in front of which a relu stands.
KernelSpec pooling(int64_t height, int64_t outputs, int64_t size, int64_t stride, int64_t pad) {
  auto activation = [](int64_t rows) {
    return TensorSpec{{1, 8, rows, 8}, ElementType::F32, LayoutKind::ChannelsLast, 8, {}};
  };
  KernelSpec kernel;
  kernel.inputs = {activation(height)};
  kernel.ops.push_back({"relu", {0}, {}, {activation(height)}});
  kernel.ops.push_back({"max_pool",
                        {1},
                        {{"kernel", std::vector<int64_t>{size, 1}},
                         {"stride", std::vector<int64_t>{stride, 1}},
                         {"pad", std::vector<int64_t>{pad, 0, pad, 0}}},
                        {activation(outputs)}});
  return kernel;
}

TEST(TilingCost, ALineBufferComputesNoRowTwice) {
  const TargetInfo target = machine(2);
  const TilingCost cost = tilingCost(conv1(64, target), {false, 1, 27}, target);
  EXPECT_EQ(cost.needed, 55);
  EXPECT_EQ(cost.computed, 55);
  EXPECT_EQ(cost.keptRows, 4);                    // Three, rounded up to a power of two;
  EXPECT_EQ(cost.keptBytes, 2 * 4 * 55 * 96 * 4); // of the relu and of the normalization.
  EXPECT_EQ(cost.tasks, 64);
}

TEST(TilingCost, AStripComputesItsHaloAgain) {
  const TargetInfo target = machine(2);
  EXPECT_EQ(tilingCost(conv1(1, target), {false, 3, 14}, target).computed, 29 + 27);
  EXPECT_EQ(tilingCost(conv1(1, target), {false, 3, 9}, target).computed, 19 + 19 + 19);
  EXPECT_EQ(tilingCost(conv1(1, target), {true, 3, 1}, target).computed, 27 * 3);
  EXPECT_EQ(tilingCost(conv1(1, target), {true, 1, 27}, target).computed, 27 * 3);
}

TEST(TilingCost, PaddingHasNoRows) {
  const TargetInfo target = machine(1);
  // Windows of 3 over 5 rows from -1 on: 2 + 3 + 2 rows.
  EXPECT_EQ(tilingCost(pooling(5, 3, 3, 2, 1), {true, 0, 3}, target).computed, 7);
  EXPECT_EQ(tilingCost(pooling(5, 3, 3, 2, 1), {false, 0, 3}, target).computed, 5);
  // Rows that a stride beyond the window leaves out are computed by a line buffer only.
  EXPECT_EQ(tilingCost(pooling(8, 3, 2, 3, 0), {true, 0, 3}, target).computed, 6);
}

TEST(TilingCost, ImagesFeedTheCoresWhenThereAreEnough) {
  const TargetInfo target = machine(2);
  EXPECT_EQ(chooseTiling(conv1(64, target), target), (PoolTiling{false, 1, 27}));
}

TEST(TilingCost, OneImageIsCutIntoAsManyStripsAsCores) {
  const TargetInfo target = machine(2);
  EXPECT_EQ(chooseTiling(conv1(1, target), target), (PoolTiling{false, 3, 14}));
  // All channels of a pixel are needed by a normalization only: tiles of channels share no rows.
  EXPECT_EQ(chooseTiling(conv1(1, target, false), target), (PoolTiling{false, 2, 27}));
}

TEST(TilingCost, OneCoreComputesNothingTwice) {
  const TargetInfo target = machine(1);
  const PoolTiling tiling = chooseTiling(conv1(1, target), target);
  EXPECT_FALSE(tiling.recompute);
  EXPECT_EQ(tilingCost(conv1(1, target), tiling, target).computed, 55);
}

TEST(TilingCost, ManyCoresRecomputeRowsWithinOneKernelOrTakeTwo) {
  const TargetInfo target = machine(64);
  const KernelSpec kernel = conv1(1, target);
  const PoolTiling tiling = chooseTiling(kernel, target);
  EXPECT_EQ(tiling, (PoolTiling{true, 3, 1}));
  // 27 tasks of three rows against 55 rows of four tiles each: two kernels keep more cores busy.
  EXPECT_LT(separateCycles(kernel, target), tilingCost(kernel, tiling, target).cycles);
  // Two cores are busy either way, and the result between the kernels would go to memory.
  const TargetInfo small = machine(2);
  const KernelSpec batch = conv1(64, small);
  EXPECT_GT(separateCycles(batch, small), tilingCost(batch, chooseTiling(batch, small), small).cycles);
}

TEST(TilingCost, WindowsSideBySideKeepNoRows) {
  const TargetInfo target = machine(2);
  EXPECT_TRUE(chooseTiling(pooling(16, 8, 2, 2, 0), target).recompute);
}

TEST(TilingCost, OnlyWhatAKernelComputesHasAHalo) {
  const TargetInfo target = machine(2);
  EXPECT_TRUE(hasHalo(conv1(1, target)));
  KernelSpec alone = pooling(16, 8, 2, 2, 0);
  EXPECT_TRUE(hasHalo(alone));
  alone.ops.erase(alone.ops.begin());
  EXPECT_FALSE(hasHalo(alone));
}

TEST(TilingCost, DescribesItsChoice) {
  const TargetInfo target = machine(2);
  KernelSpec kernel = conv1(64, target);
  EXPECT_EQ(describeTiling(kernel), "");
  auto said = [&](const PoolTiling &tiling) {
    for (const auto &[key, value] : toSchedule(tiling))
      kernel.schedule[key] = value;
    return describeTiling(kernel);
  };
  EXPECT_EQ(said({false, 1, 27}),
            "halo: line buffer, 4 rows of 96x55, 169 kB; recomputing would cost 47 % more arithmetic");
  EXPECT_EQ(said({false, 3, 14}), "halo: line buffer, 4 rows of 96x55, 169 kB, in strips of 14; 2 % of the rows are "
                                  "computed again; recomputing would cost 47 % more arithmetic");
  EXPECT_EQ(said({true, 3, 1}),
            "halo: recomputed, 3 rows of 96x55, 127 kB, in strips of 1; 47 % of the rows are computed again");
}

} // namespace
} // namespace fovea
