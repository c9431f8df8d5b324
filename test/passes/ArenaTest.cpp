#include "passes/Arena.h"

#include <gtest/gtest.h>

#include <random>

namespace fovea {
namespace {

void expectNoOverlap(const std::vector<ArenaBuffer> &buffers, int64_t bytes) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    const ArenaBuffer &a = buffers[i];
    EXPECT_EQ(a.offset % bufferAlignment, 0);
    EXPECT_LE(a.offset + a.bytes, bytes);
    for (size_t j = 0; j < i; ++j) {
      const ArenaBuffer &b = buffers[j];
      const bool liveTogether = a.first <= b.last && b.first <= a.last;
      const bool overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      EXPECT_FALSE(liveTogether && overlap) << "buffers " << i << " and " << j;
    }
  }
}

TEST(Arena, chainNeedsItsTwoLargestNeighbours) {
  std::vector<ArenaBuffer> buffers = {{640, 0, 1}, {1280, 1, 2}, {64, 2, 3}, {640, 3, 4}};
  ArenaPlan plan = planArena(buffers, true);
  expectNoOverlap(buffers, plan.bytes);
  EXPECT_EQ(plan.bytes, 1920);
  EXPECT_EQ(plan.liveBytes, 1920);
  EXPECT_EQ(plan.unplannedBytes, 2624);
}

TEST(Arena, operandsAndResultsOfOneStepDoNotShare) {
  std::vector<ArenaBuffer> buffers = {{64, 0, 1}, {64, 1, 1}};
  EXPECT_EQ(planArena(buffers, true).bytes, 128);
}

TEST(Arena, withoutReuseEachBufferHasItsOwn) {
  std::vector<ArenaBuffer> buffers = {{10, 0, 0}, {10, 1, 1}};
  ArenaPlan plan = planArena(buffers, false);
  expectNoOverlap(buffers, plan.bytes);
  EXPECT_EQ(plan.bytes, 128);
}

TEST(Arena, nothingNeedsNothing) {
  std::vector<ArenaBuffer> buffers;
  EXPECT_EQ(planArena(buffers, true).bytes, 0);
}

TEST(Arena, randomLifetimesNeverOverlap) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<ArenaBuffer> buffers(random() % 40);
    for (ArenaBuffer &buffer : buffers) {
      buffer.bytes = 1 + random() % 5000;
      buffer.first = random() % 30;
      buffer.last = buffer.first + random() % 15;
    }
    ArenaPlan plan = planArena(buffers, true);
    expectNoOverlap(buffers, plan.bytes);
    EXPECT_GE(plan.bytes, plan.liveBytes);
    EXPECT_LE(plan.bytes, plan.unplannedBytes);
  }
}

} // namespace
} // namespace fovea
