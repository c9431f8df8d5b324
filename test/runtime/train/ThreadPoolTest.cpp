#include "runtime/ThreadPool.h"

#include <atomic>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

using namespace fovea;

extern "C" void *halide_malloc(void *, size_t);
extern "C" void halide_free(void *, void *);

namespace {
struct Counts {
  std::vector<std::atomic<int>> seen = std::vector<std::atomic<int>>(1000);
};

int count(void *, int index, uint8_t *closure) {
  reinterpret_cast<Counts *>(closure)->seen[index].fetch_add(1);
  return 0;
}
} // namespace

class ThreadPool : public testing::TestWithParam<int> {
protected:
  void SetUp() override { setThreadCount(GetParam()); }
  void TearDown() override { setThreadCount(1); }
};
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPool, testing::Values(1, 2, 3, 8));

TEST_P(ThreadPool, RunsEachIndexOnce) {
  for (int round = 0; round < 200; ++round) {
    Counts counts;
    int min = round % 7, size = round % 5 ? round * 4 : round % 3;
    EXPECT_EQ(parallelFor(count, nullptr, min, size, reinterpret_cast<uint8_t *>(&counts)), 0);
    for (int i = 0; i < 1000; ++i)
      ASSERT_EQ(counts.seen[i].load(), i >= min && i < min + size) << i;
  }
}

TEST_P(ThreadPool, ManySmallLoopsInARow) {
  Counts counts;
  for (int round = 0; round < 20000; ++round)
    parallelFor(count, nullptr, 0, 3, reinterpret_cast<uint8_t *>(&counts));
  EXPECT_EQ(counts.seen[0].load() + counts.seen[1].load() + counts.seen[2].load(), 60000);
}

TEST_P(ThreadPool, WakesAfterASleep) {
  Counts counts;
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    parallelFor(count, nullptr, 0, 100, reinterpret_cast<uint8_t *>(&counts));
  }
  EXPECT_EQ(counts.seen[99].load(), 5);
}

TEST_P(ThreadPool, ReturnsAFailuresCode) {
  auto fail = [](void *, int index, uint8_t *) { return index == 5 ? -11 : 0; };
  EXPECT_EQ(parallelFor(fail, nullptr, 0, 10, nullptr), -11);
}

TEST_P(ThreadPool, LoopInsideALoopRuns) {
  std::atomic<int> total{0};
  auto outer = [](void *, int, uint8_t *closure) {
    auto inner = [](void *, int, uint8_t *closure) {
      reinterpret_cast<std::atomic<int> *>(closure)->fetch_add(1);
      return 0;
    };
    return parallelFor(inner, nullptr, 0, 10, closure);
  };
  EXPECT_EQ(parallelFor(outer, nullptr, 0, 10, reinterpret_cast<uint8_t *>(&total)), 0);
  EXPECT_EQ(total.load(), 100);
}

TEST_P(ThreadPool, TwoCallersAtOnce) {
  Counts counts;
  auto caller = [&] {
    for (int round = 0; round < 500; ++round)
      parallelFor(count, nullptr, 0, 20, reinterpret_cast<uint8_t *>(&counts));
  };
  std::thread other(caller);
  caller();
  other.join();
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(counts.seen[i].load(), 1000);
}

TEST_P(ThreadPool, DenormalsAreZeroOnEveryThread) {
  std::atomic<int> denormals{0};
  DenormalsAreZero guard;
  auto body = [](void *, int, uint8_t *closure) {
    volatile float small = 1e-38f;
    volatile float tiny = small * 0.1f;
    uint32_t bits;
    float value = tiny;
    std::memcpy(&bits, &value, 4);
    reinterpret_cast<std::atomic<int> *>(closure)->fetch_add(bits != 0);
    return 0;
  };
  parallelFor(body, nullptr, 0, 100, reinterpret_cast<uint8_t *>(&denormals));
  EXPECT_EQ(denormals.load(), 0);
}

TEST(KernelMemory, IsAlignedAndUsedAgain) {
  void *first = halide_malloc(nullptr, 1000);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % 64, 0u);
  std::memset(first, 1, 1000 + 64); // a vector's worth past the end is there
  halide_free(nullptr, first);
  EXPECT_EQ(halide_malloc(nullptr, 900), first);
  halide_free(nullptr, first);
  halide_free(nullptr, nullptr);
  EXPECT_EQ(halide_malloc(nullptr, size_t(1) << 60), nullptr);
}
