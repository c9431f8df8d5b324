#include "runtime/Random.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

using namespace fovea;

// Random123's known answers (kat_vectors, philox4x32 10).
TEST(Random, PhiloxGivesThePublishedAnswers) {
  using Four = std::array<uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Four{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}), (Four{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Four{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, NormalHasMeanZeroAndDeviationOne) {
  Random random(1, 2);
  double sum = 0, squares = 0;
  constexpr int count = 100000;
  for (int i = 0; i < count; ++i) {
    double value = random.normal();
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / count, 0, 0.02);
  EXPECT_NEAR(std::sqrt(squares / count), 1, 0.02);
}

TEST(Random, ShuffledOrderIsAPermutationThatDependsOnSeedAndEpoch) {
  auto order = shuffledOrder(1000, 7, 3);
  EXPECT_EQ(order, shuffledOrder(1000, 7, 3));
  EXPECT_NE(order, shuffledOrder(1000, 7, 4));
  EXPECT_NE(order, shuffledOrder(1000, 8, 3));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 1000; ++i)
    EXPECT_EQ(order[i], i);
}

TEST(Random, BelowStaysBelow) {
  Random random(3, 4);
  int seen[3] = {};
  for (int i = 0; i < 3000; ++i)
    ++seen[random.below(3)];
  for (int count : seen)
    EXPECT_NEAR(count, 1000, 150);
}
