// Every instruction, with results that are written in the manual of PTX or follow from it.
#include "test/runtime/device/ptx/TestKernel.h"

#include <gtest/gtest.h>

#include <limits>

using namespace ptx::test;

namespace {

/// Of an instruction whose operands are numbers: `add.s32` of {"1", "2"} is the value of its result, of 16, 32 or 64
/// bits or a predicate.
uint64_t result(const std::string &mnemonic, const std::vector<std::string> &operands, char kind = 'r') {
  std::string body, names;
  for (const std::string &operand : operands)
    names += ", " + operand;
  switch (kind) {
  case 'p':
    body = mnemonic + " %p1" + names + ";\nselp.b32 %r2, 1, 0, %p1;\nst.global.b32 [%rd2], %r2;";
    break;
  case 's':
    body = mnemonic + " %rs1" + names + ";\ncvt.u32.u16 %r2, %rs1;\nst.global.b32 [%rd2], %r2;";
    break;
  case 'd':
    body = mnemonic + " %rd3" + names + ";\nst.global.b64 [%rd2], %rd3;";
    break;
  default:
    body = mnemonic + " %r2" + names + ";\nst.global.b32 [%rd2], %r2;";
  }
  const auto words = runKernel(body, {}, 2);
  return kind == 'd' ? uint64_t(words[1]) << 32 | words[0] : words[0];
}

std::string text(float value) {
  char made[16];
  std::snprintf(made, sizeof made, "0f%08X", bits(value));
  return made;
}

/// Of floats.
float floats(const std::string &mnemonic, const std::vector<float> &operands) {
  std::vector<std::string> texts;
  for (float operand : operands)
    texts.push_back(text(operand));
  return std::bit_cast<float>(uint32_t(result(mnemonic, texts)));
}

bool compares(const std::string &how, float a, float b) {
  return result("setp." + how + ".f32", {text(a), text(b)}, 'p');
}

constexpr float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();

TEST(PtxOperations, IntegersWrapAround) {
  EXPECT_EQ(result("add.s32", {"2147483647", "1"}), 0x80000000u);
  EXPECT_EQ(result("sub.s32", {"3", "5"}), 0xFFFFFFFEu);
  EXPECT_EQ(result("add.s64", {"-1", "3"}, 'd'), 2u);
  EXPECT_EQ(result("add.u64", {"0xFFFFFFFFFFFFFFFF", "2"}, 'd'), 1u);
  EXPECT_EQ(result("add.s16", {"32767", "2"}, 's'), 0x8001u);
  EXPECT_EQ(result("neg.s32", {"5"}), 0xFFFFFFFBu);
}

TEST(PtxOperations, Products) {
  EXPECT_EQ(result("mul.lo.s32", {"-3", "5"}), uint32_t(-15));
  EXPECT_EQ(result("mul.lo.s32", {"0x10001", "0x10001"}), 0x20001u);
  EXPECT_EQ(result("mul.lo.s64", {"0x100000001", "3"}, 'd'), 0x300000003u);
  EXPECT_EQ(result("mul.lo.s16", {"300", "300"}, 's'), 90000u & 0xFFFF);
  EXPECT_EQ(result("mul.hi.u32", {"0xFFFFFFFF", "16"}), 15u);
  EXPECT_EQ(result("mul.wide.s32", {"-2", "0x7FFFFFFF"}, 'd'), uint64_t(-2LL * 0x7FFFFFFF));
  EXPECT_EQ(result("mul.wide.u32", {"-2", "4"}, 'd'), 0x3FFFFFFF8u);
  EXPECT_EQ(result("mul.wide.u16", {"65535", "65535"}), 65535u * 65535u);
  EXPECT_EQ(result("mad.lo.s32", {"7", "-6", "2"}), uint32_t(-40));
  EXPECT_EQ(result("mad.lo.s64", {"0x80000000", "4", "-1"}, 'd'), 0x1FFFFFFFFu);
}

TEST(PtxOperations, LeastAndLargest) {
  EXPECT_EQ(result("min.s32", {"-1", "1"}), uint32_t(-1));
  EXPECT_EQ(result("min.u32", {"-1", "1"}), 1u);
  EXPECT_EQ(result("max.s32", {"-1", "1"}), 1u);
  EXPECT_EQ(result("max.u32", {"-1", "1"}), 0xFFFFFFFFu);
  EXPECT_EQ(result("min.u64", {"-1", "1"}, 'd'), 1u);
  EXPECT_EQ(result("max.u64", {"-1", "1"}, 'd'), ~uint64_t(0));
  EXPECT_EQ(result("max.s64", {"-1", "1"}, 'd'), 1u);
}

TEST(PtxOperations, BitsAndShifts) {
  EXPECT_EQ(result("and.b32", {"12", "10"}), 8u);
  EXPECT_EQ(result("or.b32", {"12", "10"}), 14u);
  EXPECT_EQ(result("xor.b32", {"12", "10"}), 6u);
  EXPECT_EQ(result("not.b32", {"0"}), 0xFFFFFFFFu);
  EXPECT_EQ(result("and.b64", {"-1", "0xF00000000"}, 'd'), 0xF00000000u);
  EXPECT_EQ(result("or.b16", {"1", "0x8000"}, 's'), 0x8001u);
  EXPECT_EQ(result("shl.b32", {"3", "31"}), 0x80000000u);
  EXPECT_EQ(result("shl.b32", {"3", "32"}), 0u);
  EXPECT_EQ(result("shl.b64", {"3", "40"}, 'd'), uint64_t(3) << 40);
  EXPECT_EQ(result("shr.u32", {"-8", "1"}), 0x7FFFFFFCu);
  EXPECT_EQ(result("shr.s32", {"-8", "1"}), uint32_t(-4));
  EXPECT_EQ(result("shr.s32", {"-8", "40"}), 0xFFFFFFFFu);
  EXPECT_EQ(result("shr.u32", {"-8", "32"}), 0u);
  EXPECT_EQ(result("shr.u64", {"-1", "60"}, 'd'), 15u);
  EXPECT_EQ(result("bfe.u32", {"0xABCD", "4", "8"}), 0xBCu);
  EXPECT_EQ(result("bfe.u32", {"0xABCD", "40", "8"}), 0u);
  EXPECT_EQ(result("bfe.u32", {"-1", "0", "32"}), 0xFFFFFFFFu);
  EXPECT_EQ(result("prmt.b32", {"0x33221100", "0x77665544", "0x3340"}), 0x33334400u);
  EXPECT_EQ(result("prmt.b32", {"0x33221100", "0", "0x7772U"}), 0x22u);
  EXPECT_EQ(result("prmt.b32", {"0x00008000", "0", "0x9999"}), 0xFFFFFFFFu);
}

TEST(PtxOperations, Comparisons) {
  for (auto [mnemonic, a, b, expected] :
       std::vector<std::tuple<std::string, std::string, std::string, uint64_t>>{{"setp.lt.s32", "-1", "1", 1},
                                                                                {"setp.lt.u32", "-1", "1", 0},
                                                                                {"setp.le.s32", "1", "1", 1},
                                                                                {"setp.le.u32", "2", "1", 0},
                                                                                {"setp.gt.s32", "-1", "1", 0},
                                                                                {"setp.gt.u32", "-1", "1", 1},
                                                                                {"setp.ge.s32", "1", "1", 1},
                                                                                {"setp.eq.b32", "4", "4", 1},
                                                                                {"setp.ne.b32", "4", "4", 0},
                                                                                {"setp.eq.b16", "4", "5", 0},
                                                                                {"setp.ne.b64", "4", "5", 1},
                                                                                {"setp.ge.u64", "-1", "5", 1}})
    EXPECT_EQ(result(mnemonic, {a, b}, 'p'), expected) << mnemonic;
}

TEST(PtxOperations, ComparisonsOfFloatsKnowWhatIsNoNumber) {
  for (const char *how : {"eq", "ne", "lt", "le", "gt", "ge"}) {
    EXPECT_FALSE(compares(how, nan, 1)) << how;
    EXPECT_TRUE(compares(std::string(how) + "u", 1, nan)) << how;
  }
  EXPECT_TRUE(compares("lt", 1, 2) && compares("le", 2, 2) && compares("gt", 3, 2) && compares("ge", 2, 2));
  EXPECT_TRUE(compares("eq", -0.0f, 0.0f) && compares("ne", 1, 2) && compares("num", 1, 2) && compares("nan", 1, nan));
  EXPECT_FALSE(compares("ltu", 2, 1) || compares("leu", 2, 1) || compares("gtu", 1, 2) || compares("geu", 1, 2));
  EXPECT_FALSE(compares("equ", 1, 2) || compares("neu", 2, 2) || compares("num", nan, 2) || compares("nan", 1, 2));
}

TEST(PtxOperations, PredicatesAndSelection) {
  const std::string both = "setp.lt.u32 %p1, %r1, 2;\nsetp.ne.b32 %p2, %r1, 0;\n";
  const auto chosen = [&](const std::string &third) {
    return runKernel(both + third +
                         "\nselp.b32 %r2, 1, 0, %p3;\nmul.wide.u32 %rd3, %r1, 4;\nadd.s64 %rd3, %rd2, %rd3;\n"
                         "st.global.b32 [%rd3], %r2;",
                     {}, 3, {{1, 1, 1}, {3, 1, 1}});
  };
  EXPECT_EQ(chosen("and.pred %p3, %p1, %p2;"), (std::vector<uint32_t>{0, 1, 0}));
  EXPECT_EQ(chosen("or.pred %p3, %p1, %p2;"), (std::vector<uint32_t>{1, 1, 1}));
  EXPECT_EQ(chosen("xor.pred %p3, %p1, %p2;"), (std::vector<uint32_t>{1, 0, 1}));
  EXPECT_EQ(chosen("not.pred %p3, %p1;"), (std::vector<uint32_t>{0, 0, 1}));
  EXPECT_EQ(chosen("mov.pred %p3, %p2;"), (std::vector<uint32_t>{0, 1, 1}));
}

TEST(PtxOperations, FloatsRoundOnce) {
  EXPECT_EQ(floats("add.f32", {1, 0x1p-24f}), 1);
  EXPECT_EQ(floats("add.rn.f32", {1, 0x1.8p-24f}), 1 + 0x1p-23f);
  EXPECT_EQ(floats("sub.f32", {1, 3}), -2);
  EXPECT_EQ(floats("mul.f32", {3, 7}), 21);
  const float near = 1 + 0x1p-12f; // Its square has a last bit that only one rounding keeps.
  EXPECT_EQ(floats("fma.rn.f32", {near, near, -1 - 0x1p-11f}), 0x1p-24f);
  EXPECT_EQ(floats("div.rn.f32", {1, 3}), 1.0f / 3);
  EXPECT_EQ(floats("rcp.rn.f32", {4}), 0.25f);
  EXPECT_EQ(floats("sqrt.rn.f32", {2}), 1.41421356f);
  EXPECT_EQ(floats("rsqrt.approx.ftz.f32", {16}), 0.25f);
  EXPECT_EQ(floats("neg.f32", {2}), -2);
  EXPECT_EQ(floats("abs.f32", {-2}), 2);
}

TEST(PtxOperations, DenormalsStayUnlessAnInstructionFlushesThem) {
  EXPECT_EQ(floats("mul.f32", {0x1p-120f, 0x1p-20f}), 0x1p-140f);
  EXPECT_EQ(floats("add.f32", {0x1p-140f, 0x1p-140f}), 0x1p-139f);
  EXPECT_EQ(floats("rsqrt.approx.ftz.f32", {0x1p-140f}), inf);
  EXPECT_EQ(floats("cvt.rmi.ftz.f32.f32", {-0x1p-140f}), 0);
  EXPECT_EQ(floats("cvt.rmi.f32.f32", {-0x1p-140f}), -1);
}

TEST(PtxOperations, LeastAndLargestFloat) {
  EXPECT_EQ(floats("max.f32", {1, nan}), 1);
  EXPECT_EQ(floats("max.f32", {nan, 1}), 1);
  EXPECT_EQ(floats("min.f32", {nan, 1}), 1);
  EXPECT_EQ(floats("min.f32", {2, 1}), 1);
  EXPECT_EQ(floats("max.f32", {2, 1}), 2);
  EXPECT_EQ(bits(floats("max.f32", {-0.0f, 0.0f})), 0u);
  EXPECT_EQ(bits(floats("min.f32", {0.0f, -0.0f})), 0x80000000u);
}

TEST(PtxOperations, Conversions) {
  EXPECT_EQ(result("cvt.u32.u64", {"0x100000005"}), 5u);
  EXPECT_EQ(result("cvt.u64.u32", {"-1"}, 'd'), 0xFFFFFFFFu);
  EXPECT_EQ(result("cvt.s64.s32", {"-1"}, 'd'), ~uint64_t(0));
  EXPECT_EQ(result("cvt.u16.u32", {"0x12345"}, 's'), 0x2345u);
  EXPECT_EQ(result("cvt.s32.s16", {"0xFFFE"}), uint32_t(-2));
  EXPECT_EQ(result("cvt.rn.f32.s32", {"-3"}), bits(-3));
  EXPECT_EQ(result("cvt.rn.f32.u32", {"-1"}), bits(4294967296.0f));
  EXPECT_EQ(result("cvt.rzi.s32.f32", {text(-2.9f)}), uint32_t(-2));
  EXPECT_EQ(result("cvt.rzi.s32.f32", {text(3e9f)}), 0x7FFFFFFFu);
  EXPECT_EQ(result("cvt.rzi.s32.f32", {text(-inf)}), 0x80000000u);
  EXPECT_EQ(result("cvt.rzi.s32.f32", {text(nan)}), 0u);
  EXPECT_EQ(result("cvt.rzi.u32.f32", {text(-2)}), 0u);
  EXPECT_EQ(result("cvt.rzi.u32.f32", {text(3e9f)}), 3000000000u);
  EXPECT_EQ(floats("cvt.rmi.ftz.f32.f32", {-1.5f}), -2);
}

TEST(PtxOperations, HalvesOfARegister) {
  EXPECT_EQ(result("mov.b64", {"{1, 2}"}, 'd'), 0x200000001u);
  EXPECT_EQ(
      runKernel("mov.b64 %rd3, 0x700000005;\nmov.b64 {%r2, %r3}, %rd3;\nst.global.v2.b32 [%rd2], {%r3, %r2};", {}, 2),
      (std::vector<uint32_t>{7, 5}));
  EXPECT_EQ(runKernel("mov.b64 %rd3, 0x700000005;\n{ .reg .b32 tmp; mov.b64 {tmp, %r3}, %rd3; }\n"
                      "st.global.b32 [%rd2], %r3;",
                      {}, 1),
            std::vector<uint32_t>{7});
}

TEST(PtxOperations, LoadsAndStores) {
  const std::vector<uint32_t> input{0x04030201, 0x08070605, 3, 4};
  EXPECT_EQ(runKernel("ld.global.v4.b32 {%r2, %r3, %r4, %r5}, [%rd1];\nst.global.v4.b32 [%rd2], {%r5, %r4, %r3, %r2};",
                      input, 4),
            (std::vector<uint32_t>{4, 3, 0x08070605, 0x04030201}));
  EXPECT_EQ(runKernel("ld.global.nc.v2.b64 {%rd3, %rd4}, [%rd1];\nst.global.v2.b64 [%rd2], {%rd4, 0};", input, 4),
            (std::vector<uint32_t>{3, 4, 0, 0}));
  EXPECT_EQ(runKernel("ld.global.nc.b8 %rs1, [%rd1+5];\nst.global.b8 [%rd2+1], %rs1;", input, 1),
            std::vector<uint32_t>{0xEEEE06EE});
  EXPECT_EQ(runKernel("st.global.b8 [%rd2+1], 7;", input, 1), std::vector<uint32_t>{0xEEEE07EE});
  EXPECT_EQ(runKernel("ld.global.nc.b32 %rd3, [%rd1+4];\nst.global.b64 [%rd2], %rd3;", input, 2),
            (std::vector<uint32_t>{0x08070605, 0}));
  EXPECT_EQ(runKernel("mov.b64 %rd3, depot;\nst.local.v2.b64 [%rd3+16], {7, 8};\nld.local.b32 %r2, [%rd3+24];\n"
                      "st.global.b32 [%rd2], %r2;",
                      {}, 1),
            std::vector<uint32_t>{8});
  EXPECT_EQ(runKernel("mov.u64 %rd3, s;\nst.shared.v2.b32 [%rd3+8], {%r1, 9};\nld.shared.b32 %r2, [s+12];\n"
                      "st.global.b32 [%rd2], %r2;",
                      {}, 1, {{1, 1, 1}, {1, 1, 1}, 16}),
            std::vector<uint32_t>{9});
}

// By fours, where there are enough; with gaps between the threads' addresses.
TEST(PtxOperations, EveryThreadLoadsItsOwnVector) {
  std::vector<uint32_t> input(8 * 6);
  for (size_t index = 0; index < input.size(); ++index)
    input[index] = uint32_t(index);
  const auto output = runKernel("mul.wide.u32 %rd3, %r1, 32;\nadd.s64 %rd3, %rd1, %rd3;\n"
                                "ld.global.v4.b32 {%r2, %r3, %r4, %r5}, [%rd3+16];\nmul.wide.u32 %rd4, %r1, 16;\n"
                                "add.s64 %rd4, %rd2, %rd4;\nst.global.v4.b32 [%rd4], {%r2, %r3, %r4, %r5};",
                                input, 24, {{1, 1, 1}, {6, 1, 1}});
  for (uint32_t index = 0; index < 24; ++index)
    EXPECT_EQ(output[index], index / 4 * 8 + 4 + index % 4);
}

} // namespace
