// What no correct kernel does, and what is said of it, word for word.
#include "test/runtime/device/ptx/TestKernel.h"

#include <gtest/gtest.h>

using namespace ptx::test;

namespace {

const Shape four{{1, 1, 1}, {4, 1, 1}, 64};

/// %rd4: the address of the thread's word of shared memory, %rd5 of the next thread's. Seven lines.
const std::string words = "mov.u64 %rd3, s;\nmul.wide.u32 %rd4, %r1, 4;\nadd.s64 %rd4, %rd3, %rd4;\n"
                          "add.s32 %r2, %r1, 1;\nand.b32 %r2, %r2, 3;\nmul.wide.u32 %rd5, %r2, 4;\n"
                          "add.s64 %rd5, %rd3, %rd5;\n";

TEST(PtxChecks, GlobalAddressesLieInAllocations) {
  EXPECT_EQ(
      faultOf("mul.wide.u32 %rd3, %r1, 8;\nadd.s64 %rd3, %rd2, %rd3;\nst.global.b32 [%rd3], %r1;", four),
      "k, line 13 (`st.global.b32 [%rd3], %r1`), block 0 0 0, thread 2 0 0: no allocation holds 4 bytes at 131088");
  EXPECT_EQ(
      faultOf("ld.global.nc.v4.b32 {%r2, %r3, %r4, %r5}, [%rd1+16];"),
      "k, line 11 (`ld.global.nc.v4.b32 {%r2, %r3, %r4, %r5}, [%rd1+16]`), block 0 0 0, thread 0 0 0: no allocation "
      "holds 16 bytes at 65552");
  EXPECT_EQ(
      faultOf("ld.global.b32 %r2, [%rd1+-4];"),
      "k, line 11 (`ld.global.b32 %r2, [%rd1+-4]`), block 0 0 0, thread 0 0 0: no allocation holds 4 bytes at 65532");
}

TEST(PtxChecks, ThreadsOfOneInstructionMayReachSeveralAllocations) {
  const std::string body = "setp.eq.b32 %p1, %r1, 0;\nselp.b64 %rd3, %rd1, %rd2, %p1;\nst.global.b32 [%rd3+4], 5;";
  EXPECT_EQ(faultOf(body, {{1, 1, 1}, {2, 1, 1}}), "");
}

TEST(PtxChecks, BlockAndThreadAreNamed) {
  EXPECT_EQ(faultOf("mov.u32 %r2, %ctaid.y;\nmov.u32 %r3, %tid.y;\nadd.s32 %r2, %r2, %r3;\nmul.wide.u32 %rd3, %r2, 8;\n"
                    "add.s64 %rd3, %rd2, %rd3;\nst.global.b32 [%rd3], 1;",
                    {{1, 2, 1}, {2, 2, 1}}),
            "k, line 16 (`st.global.b32 [%rd3], 1`), block 0 1 0, thread 0 1 0: no allocation holds 4 bytes at 131088");
}

TEST(PtxChecks, AddressesAreMultiplesOfWhatIsAccessed) {
  EXPECT_EQ(
      faultOf("ld.global.v2.b32 {%r2, %r3}, [%rd1+4];"),
      "k, line 11 (`ld.global.v2.b32 {%r2, %r3}, [%rd1+4]`), block 0 0 0, thread 0 0 0: an address that is no multiple "
      "of what is accessed: 8 bytes at 65540");
  EXPECT_EQ(
      faultOf("mov.u64 %rd3, s;\nst.shared.b32 [%rd3+2], 1;", four),
      "k, line 12 (`st.shared.b32 [%rd3+2], 1`), block 0 0 0, thread 0 0 0: an address that is no multiple of what "
      "is accessed: 4 bytes at 1026");
}

TEST(PtxChecks, SharedAddressesLieInTheBlocksMemory) {
  EXPECT_EQ(faultOf("mov.u64 %rd3, s;\nst.shared.b32 [%rd3+64], 1;", four),
            "k, line 12 (`st.shared.b32 [%rd3+64], 1`), block 0 0 0, thread 0 0 0: the block's shared memory, 64 bytes "
            "at 1024, does not hold 4 bytes at 1088");
  EXPECT_EQ(faultOf("mov.b64 %rd3, 0;\nst.shared.b32 [%rd3], 1;", four),
            "k, line 12 (`st.shared.b32 [%rd3], 1`), block 0 0 0, thread 0 0 0: the block's shared memory, 64 bytes at "
            "1024, does not hold 4 bytes at 0");
}

TEST(PtxChecks, LocalAddressesLieInTheThreadsMemory) {
  EXPECT_EQ(
      faultOf("mov.b64 %rd3, depot;\nst.local.b32 [%rd3+32], 1;"),
      "k, line 12 (`st.local.b32 [%rd3+32], 1`), block 0 0 0, thread 0 0 0: the thread's local memory, 32 bytes at "
      "0, does not hold 4 bytes at 32");
}

TEST(PtxChecks, SharedMemoryIsWrittenBeforeItIsRead) {
  EXPECT_EQ(faultOf(words + "setp.eq.b32 %p1, %r1, 2;\n@%p1 bra A;\nst.shared.b32 [%rd4], %r1;\nA:\nbar.sync 0;\n"
                            "ld.shared.b32 %r3, [%rd5];",
                    four),
            "k, line 23 (`ld.shared.b32 %r3, [%rd5]`), block 0 0 0, thread 1 0 0: shared memory is read that was not "
            "written: 4 bytes at 1032");
}

TEST(PtxChecks, ABarrierStandsBetweenAWriteAndAnothersRead) {
  EXPECT_EQ(
      faultOf(words + "st.shared.b32 [%rd4], %r1;\nld.shared.b32 %r3, [%rd5];", four),
      "k, line 19 (`ld.shared.b32 %r3, [%rd5]`), block 0 0 0, thread 0 0 0: shared memory is read that thread 1 of "
      "the block wrote, with no barrier between: 4 bytes at 1028");
  EXPECT_EQ(faultOf(words + "st.shared.b32 [%rd4], %r1;\nld.shared.b32 %r3, [%rd4];", four), "");
}

TEST(PtxChecks, ABarrierStandsBetweenAReadAndAnothersWrite) {
  const std::string before = words + "st.shared.b32 [%rd4], %r1;\nbar.sync 0;\n";
  EXPECT_EQ(
      faultOf(before + "ld.shared.b32 %r3, [%rd5];\nst.shared.b32 [%rd4], %r3;", four),
      "k, line 21 (`st.shared.b32 [%rd4], %r3`), block 0 0 0, thread 0 0 0: shared memory is written that thread 3 of "
      "the block read, with no barrier between: 4 bytes at 1024");
  EXPECT_EQ(faultOf(before + "ld.shared.b32 %r3, [s];\nst.shared.b32 [%rd4], %r3;", four),
            "k, line 21 (`st.shared.b32 [%rd4], %r3`), block 0 0 0, thread 0 0 0: shared memory is written that other "
            "threads of the block read, with no barrier between: 4 bytes at 1024");
  EXPECT_EQ(faultOf(before + "ld.shared.b32 %r3, [%rd5];\nbar.sync 0;\nst.shared.b32 [%rd4], %r3;", four), "");
}

TEST(PtxChecks, ABarrierStandsBetweenTwoThreadsWritesOfDifferentValues) {
  EXPECT_EQ(
      faultOf("st.shared.b32 [s], %r1;", four),
      "k, line 11 (`st.shared.b32 [s], %r1`), block 0 0 0, thread 1 0 0: shared memory is written that thread 0 of the "
      "block wrote otherwise, with no barrier between: 4 bytes at 1024");
  EXPECT_EQ(faultOf("st.shared.b32 [s], 6;", four), "");
}

TEST(PtxChecks, AllThreadsArriveAtABarrier) {
  EXPECT_EQ(
      faultOf("setp.eq.b32 %p1, %r1, 2;\n@%p1 ret;\nbar.sync 0;", four),
      "k, line 13 (`bar.sync 0`), block 0 0 0, thread 0 0 0: a barrier at which not all threads of the block arrive: "
      "1 of 4 have ended");
  EXPECT_EQ(
      faultOf("setp.eq.b32 %p1, %r1, 2;\n@%p1 bra A;\nbar.sync 0;\nbra B;\nA:\nbar.sync 0;\nB:\nmov.b32 %r2, 0;", four),
      "k, line 16 (`bar.sync 0`), block 0 0 0, thread 2 0 0: a barrier at which not all threads of the block arrive: "
      "others wait in line 13");
}

} // namespace
