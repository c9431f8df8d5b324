// Threads that go different ways, meet again, wait for each other and end.
#include "test/runtime/device/ptx/TestKernel.h"

#include <gtest/gtest.h>

using namespace ptx::test;

namespace {

/// Stores %r2 of each thread of a row of blocks.
const std::string store = "mov.u32 %r10, %ctaid.x;\nmov.u32 %r11, %ntid.x;\nmad.lo.s32 %r10, %r10, %r11, %r1;\n"
                          "mul.wide.u32 %rd5, %r10, 4;\nadd.s64 %rd5, %rd2, %rd5;\nst.global.b32 [%rd5], %r2;\n";

std::vector<uint32_t> numbers(size_t count, uint32_t (*function)(uint32_t)) {
  std::vector<uint32_t> made;
  for (uint32_t index = 0; index < count; ++index)
    made.push_back(function(index));
  return made;
}

TEST(PtxMachine, NumbersThreadsAndBlocks) {
  const std::string body =
      "mov.u32 %r2, %tid.x;\nmov.u32 %r3, %tid.y;\nmov.u32 %r4, %tid.z;\nmov.u32 %r5, %ctaid.x;\n"
      "mov.u32 %r6, %ctaid.y;\nmov.u32 %r7, %ctaid.z;\nmov.u32 %r8, %ntid.x;\nmov.u32 %r9, %ntid.y;\n"
      "mov.u32 %r10, %nctaid.x;\nmov.u32 %r11, %nctaid.y;\nmov.u32 %r12, %ntid.z;\n"
      "mad.lo.s32 %r13, %r7, %r11, %r6;\nmad.lo.s32 %r13, %r13, %r10, %r5;\n"
      "mad.lo.s32 %r13, %r13, %r12, %r4;\nmad.lo.s32 %r13, %r13, %r9, %r3;\n"
      "mad.lo.s32 %r13, %r13, %r8, %r2;\nmul.wide.u32 %rd3, %r13, 4;\nadd.s64 %rd3, %rd2, %rd3;\n"
      "st.global.b32 [%rd3], %r13;\n";
  EXPECT_EQ(runKernel(body, {}, 720, {{2, 3, 2}, {5, 3, 4}}), numbers(720, [](uint32_t index) { return index; }));
}

TEST(PtxMachine, BranchesByThread) {
  const std::string body = "setp.lt.u32 %p1, %r1, 3;\n@%p1 bra A;\nmov.b32 %r2, 100;\nbra.uni B;\n"
                           "A:\nmov.b32 %r2, 200;\nB:\nadd.s32 %r2, %r2, %r1;\n";
  const auto expected = [](uint32_t index) { return (index % 8 < 3 ? 200 : 100) + index % 8; };
  EXPECT_EQ(runKernel(body + store, {}, 16, {{2, 1, 1}, {8, 1, 1}}), numbers(16, expected));
}

TEST(PtxMachine, NegatedGuards) {
  const std::string body = "mov.b32 %r2, 1;\nsetp.eq.b32 %p1, %r1, 2;\n@!%p1 bra A;\nmov.b32 %r2, 2;\nA:\n";
  EXPECT_EQ(runKernel(body + store, {}, 4, {{1, 1, 1}, {4, 1, 1}}), (std::vector<uint32_t>{1, 1, 2, 1}));
}

// Each thread goes round as often as its number says; odd ones leave in the middle.
TEST(PtxMachine, LoopsByThread) {
  const std::string body = "mov.b32 %r2, 0;\nmov.b32 %r3, 0;\nand.b32 %r4, %r1, 1;\nLOOP:\nsetp.eq.b32 %p1, %r3, %r1;\n"
                           "@%p1 bra OUT;\nadd.s32 %r2, %r2, %r3;\nadd.s32 %r3, %r3, 1;\nsetp.eq.b32 %p2, %r4, 0;\n"
                           "@%p2 bra LOOP;\nsetp.gt.u32 %p3, %r3, 4;\n@%p3 bra OUT;\nbra LOOP;\nOUT:\n";
  const auto expected = [](uint32_t thread) {
    const uint32_t rounds = thread % 2 ? std::min(thread, 5u) : thread;
    return rounds * (rounds - 1) / 2;
  };
  EXPECT_EQ(runKernel(body + store, {}, 13, {{1, 1, 1}, {13, 1, 1}}), numbers(13, expected));
}

TEST(PtxMachine, ThreadsEndOneByOne) {
  const std::string body = "mov.b32 %r2, 7;\nsetp.gt.u32 %p1, %r1, 1;\n@%p1 ret;\n";
  EXPECT_EQ(runKernel(body + store, {}, 4, {{1, 1, 1}, {4, 1, 1}}),
            (std::vector<uint32_t>{7, 7, 0xEEEEEEEE, 0xEEEEEEEE}));
}

// Registers share slots: what a thread needs later must not be where another value goes meanwhile, around loops too.
TEST(PtxMachine, ValuesSurviveLoops) {
  const std::string body = "add.s32 %r3, %r1, 5;\nmov.b32 %r4, 0;\nmov.b32 %r2, 1;\nLOOP:\nadd.s32 %r6, %r4, 9;\n"
                           "mul.lo.s32 %r7, %r6, 2;\nadd.s32 %r2, %r2, %r7;\nadd.s32 %r4, %r4, 1;\n"
                           "setp.lt.u32 %p1, %r4, %r3;\n@%p1 bra LOOP;\nadd.s32 %r2, %r2, %r3;\n";
  const auto expected = [](uint32_t thread) {
    uint32_t sum = 1;
    for (uint32_t round = 0; round < thread + 5; ++round)
      sum += 2 * (round + 9);
    return sum + thread + 5;
  };
  EXPECT_EQ(runKernel(body + store, {}, 6, {{1, 1, 1}, {6, 1, 1}}), numbers(6, expected));
}

// Reversed through shared memory, whose bytes each block has anew.
TEST(PtxMachine, BarriersOrderSharedMemory) {
  const std::string body = "mov.u64 %rd3, s;\nmul.wide.u32 %rd4, %r1, 4;\nadd.s64 %rd4, %rd3, %rd4;\n"
                           "mov.u32 %r3, %ctaid.x;\nmad.lo.s32 %r3, %r3, 100, %r1;\nst.shared.b32 [%rd4], %r3;\n"
                           "bar.sync 0;\nsub.s32 %r4, 63, %r1;\nmul.wide.u32 %rd4, %r4, 4;\nadd.s64 %rd4, %rd3, %rd4;\n"
                           "ld.shared.b32 %r2, [%rd4];\n";
  const auto expected = [](uint32_t index) { return index / 64 * 100 + 63 - index % 64; };
  EXPECT_EQ(runKernel(body + store, {}, 128, {{2, 1, 1}, {64, 1, 1}, 256}), numbers(128, expected));
}

TEST(PtxMachine, BarriersWaitForWhoComesLate) {
  const std::string body = "mov.u64 %rd3, s;\nsetp.ne.b32 %p1, %r1, 3;\n@%p1 bra A;\nst.shared.b32 [%rd3], 42;\nA:\n"
                           "bar.sync 0;\nld.shared.b32 %r2, [%rd3];\n";
  EXPECT_EQ(runKernel(body + store, {}, 5, {{1, 1, 1}, {5, 1, 1}, 4}), std::vector<uint32_t>(5, 42));
}

TEST(PtxMachine, LocalMemoryIsEachThreadsOwn) {
  const std::string body =
      "mov.b64 %rd3, depot;\nst.local.b32 [%rd3+4], %r1;\nbar.sync 0;\nld.local.b32 %r2, [%rd3+4];\n";
  EXPECT_EQ(runKernel(body + store, {}, 4, {{1, 1, 1}, {4, 1, 1}}), (std::vector<uint32_t>{0, 1, 2, 3}));
}

} // namespace
