#include "ir/TargetInfo.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fovea {
namespace {

TEST(TargetInfo, NamedLevels) {
  const TargetInfo v3 = targetNamed("x86-64-v3");
  EXPECT_EQ(v3.name, "x86-64-v3");
  EXPECT_EQ(v3.halideTarget, "x86-64-linux-avx-avx2-f16c-fma-sse41");
  EXPECT_EQ(v3.vectorLanes, 8);
  EXPECT_EQ(v3.registerLanes, 8);
  EXPECT_EQ(v3.vectorRegisters, 16);
  EXPECT_FALSE(v3.memoryBroadcast);
  EXPECT_EQ(v3.cpu, "");

  const TargetInfo v4 = targetNamed("x86-64-v4");
  EXPECT_EQ(v4.name, "x86-64-v4");
  EXPECT_EQ(v4.halideTarget, "x86-64-linux-avx-avx2-f16c-fma-sse41-avx512-avx512_skylake");
  EXPECT_EQ(v4.vectorLanes, 16);
  EXPECT_EQ(v4.registerLanes, 16);
  EXPECT_EQ(v4.vectorRegisters, 32);
  EXPECT_TRUE(v4.memoryBroadcast);
}

TEST(TargetInfo, HostIsOneOfTheLevels) {
  TargetInfo host;
  try {
    host = targetNamed("host");
  } catch (const std::runtime_error &error) {
    GTEST_SKIP() << error.what();
  }
  const TargetInfo level = targetNamed(host.name);
  EXPECT_EQ(host.halideTarget, level.halideTarget);
  EXPECT_EQ(host.vectorRegisters, level.vectorRegisters);
  EXPECT_EQ(host.registerLanes, level.registerLanes);
  EXPECT_LE(host.vectorLanes, level.vectorLanes); // Fewer where 512-bit instructions run in halves.
  EXPECT_GE(host.cores, 1);
  EXPECT_GE(host.l1Bytes, 1 << 12);
  EXPECT_GE(host.l2Bytes, host.l1Bytes);
  EXPECT_GE(host.l3Bytes, host.l2Bytes);
}

TEST(TargetInfo, UnknownNamesAreRefusedWithTheKnownOnes) {
  try {
    targetNamed("x86-64-v2");
    FAIL() << "accepted";
  } catch (const std::invalid_argument &error) {
    EXPECT_STREQ(error.what(), "unknown target \"x86-64-v2\"; expected host, x86-64-v3, x86-64-v4, cuda or opencl");
  }
}

} // namespace
} // namespace fovea
