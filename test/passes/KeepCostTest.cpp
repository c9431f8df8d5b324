#include "passes/KeepCost.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

TargetInfo twoCores() {
  TargetInfo target = targetNamed("x86-64-v3");
  target.cores = 2;
  return target;
}

TEST(KeepCost, WorkIsAsLongAsItsArithmeticOrItsBytes) {
  const TargetInfo target = twoCores();
  const double moved = workSeconds(0, 400'000'000, target), computed = workSeconds(10'000'000'000, 0, target);
  EXPECT_NEAR(moved, 0.01, 1e-4); // 40 GB/s
  EXPECT_NEAR(computed, 10e9 / 134.4e9, 1e-3);
  EXPECT_DOUBLE_EQ(workSeconds(10'000'000'000, 400'000'000, target), computed);
  EXPECT_GT(workSeconds(0, 0, target), 0); // A kernel has to be called.
}

TEST(KeepCost, WhatFreesMostPerSecondComesFirst) {
  const int64_t megabyte = 1 << 20;
  EXPECT_EQ(bestRecomputation({{10 * megabyte, 0.002}, {8 * megabyte, 0.001}, {100 * megabyte, 1}}, 0.01), 1);
  EXPECT_EQ(bestRecomputation({{10 * megabyte, 0.002}, {8 * megabyte, 0.001}}, 0.0005), -1);
  EXPECT_EQ(bestRecomputation({{1000, 1e-9}}, 1), -1); // Too little to be worth a kernel.
  EXPECT_EQ(bestRecomputation({}, 1), -1);
}

/// In the first normalization of AlexNet, batch 64, the sums of squares are computed again from what is kept anyway:
/// keeping them as well would cost a write and a read of each.
TEST(KeepCost, SumsOfSquaresAreSoonerComputedThanRead) {
  const TargetInfo target = twoCores();
  const int64_t elements = int64_t(64) * 96 * 55 * 55;
  EXPECT_LT(workSeconds(elements * 2 * 5, 0, target), workSeconds(0, elements * 4 * 2, target));
  // A window of 7 x 7 within a channel has ten times as many.
  EXPECT_GT(workSeconds(elements * 2 * 49, 0, target), workSeconds(0, elements * 4 * 2, target));
}

} // namespace
} // namespace fovea
