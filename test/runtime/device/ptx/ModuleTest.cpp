// What is no PTX, or none that this interpreter knows, and what is said of it, word for word.
#include "test/runtime/device/ptx/TestKernel.h"

#include <gtest/gtest.h>

using namespace ptx;
using namespace ptx::test;

namespace {

std::string problemOf(const std::string &text) {
  try {
    const Module module = parse(text);
    for (const Entry &entry : module.entries)
      decode(module, entry);
  } catch (const Fault &fault) {
    return fault.what();
  }
  return "";
}

std::string problemIn(const std::string &line) { return problemOf(kernelText(line)); }

TEST(PtxModule, HasEntriesWithParameters) {
  const Module module = parse(".version 7.0\n.target sm_80 // As asked.\n.address_size 64\n\n"
                              ".visible .entry a(\n\t.param .u64 .ptr .align 1 p,\n\t.param .u32 n\n)\n{\n"
                              "\t.reg .b32 \t%r<3>, %other;\n$L: // %entry\n\tld.param.b32 \t%r1, [n];\n\tret;\n}\n"
                              ".entry b()\n{\n\tret;\n}\n");
  EXPECT_EQ(module.version, "7.0");
  EXPECT_EQ(module.target, "sm_80");
  ASSERT_EQ(module.entries.size(), 2u);
  const Entry &entry = module.entries[0];
  ASSERT_EQ(entry.parameters.size(), 2u);
  EXPECT_EQ(entry.parameters[0].name, "p");
  EXPECT_TRUE(entry.parameters[0].isPointer && !entry.parameters[1].isPointer);
  EXPECT_EQ(entry.parameters[1].bytes, 4u);
  EXPECT_EQ(entry.registers.size(), 4u);
  EXPECT_EQ(entry.labels.at("$L"), 0u);
  EXPECT_EQ(entry.statements[0].line, 12);
  EXPECT_EQ(entry.statements[0].text, "ld.param.b32 %r1, [n]");
}

TEST(PtxModule, NamesWhatItDoesNotKnow) {
  const std::string k = "k, line 11 ";
  EXPECT_EQ(problemIn("sin.approx.f32 %r2, %r3;"), k + "(`sin.approx.f32 %r2, %r3`): unknown instruction");
  EXPECT_EQ(problemIn("add.s32 %r2, %r3;"), k + "(`add.s32 %r2, %r3`): unknown instruction");
  EXPECT_EQ(problemIn("ld.volatile.global.b32 %r2, [%rd1];"),
            k + "(`ld.volatile.global.b32 %r2, [%rd1]`): unknown instruction");
  EXPECT_EQ(problemIn("ld.global.s8 %r2, [%rd1];"), k + "(`ld.global.s8 %r2, [%rd1]`): unknown instruction");
  EXPECT_EQ(problemIn("ld.global.v2.b32 %r2, [%rd1];"), k + "(`ld.global.v2.b32 %r2, [%rd1]`): unknown instruction");
  EXPECT_EQ(problemIn("ld.param.b64 %rd3, [in+4];"), k + "(`ld.param.b64 %rd3, [in+4]`): unknown parameter [in+4]");
  EXPECT_EQ(problemIn("add.s32 %r2, %r3, %none;"), k + "(`add.s32 %r2, %r3, %none`): unknown register %none");
  EXPECT_EQ(problemIn("add.s32 %r2, %r3, x;"), k + "(`add.s32 %r2, %r3, x`): unknown operand x");
  EXPECT_EQ(problemIn("add.s32 %r2, %rd3, 1;"), k + "(`add.s32 %r2, %rd3, 1`): %rd3 has 64 bits, and 32 are needed");
  EXPECT_EQ(problemIn("ld.global.b32 %r2, %rd1;"), k + "(`ld.global.b32 %r2, %rd1`): unknown address %rd1");
  EXPECT_EQ(problemIn("bra NOWHERE;"), k + "(`bra NOWHERE`): unknown label");
  EXPECT_EQ(problemIn("bar.sync 1;"), k + "(`bar.sync 1`): another barrier than 0");
  EXPECT_EQ(problemIn("@%p1 mov.b32 %r2, 1;"),
            k + "(`@%p1 mov.b32 %r2, 1`): a guard of another instruction than bra and ret");
  EXPECT_EQ(problemIn(".pragma \"nounroll\";"), "line 11: unknown directive `.pragma \"nounroll\"`");
  EXPECT_EQ(problemIn(".reg .v4 %q<2>;"), "line 11: unknown registers `.v4 %q<2>`");
  EXPECT_EQ(problemIn(".local .b8 x[4];"), "line 11: unknown variable `.local .b8 x[4]`");
}

TEST(PtxModule, NamesWhatIsNotWhole) {
  EXPECT_EQ(problemOf(".const .b32 x;"), "line 1: unknown directive `.const`");
  EXPECT_EQ(problemOf(".address_size 32\n"), "line 1: addresses of other than 64 bits");
  EXPECT_EQ(problemOf("\n.extern .func f;"), "line 2: unknown declaration `.extern .func f`");
  EXPECT_EQ(problemOf(".entry k(.param .b128 x)\n{\n}\n"), "line 1: unknown parameter `.param .b128 x`");
  EXPECT_EQ(problemOf(".entry k()\n.maxntid 4\n{\n}\n"), "line 2: unknown directive behind the parameters of k");
  EXPECT_EQ(problemOf(".entry k()\n{\n\tret;\n"), "line 1: the text ends inside of k");
  EXPECT_EQ(problemOf(".entry k()\n{\n\tadd.s32 %r1, %r1"), "line 3: the text ends inside of `add.s32 %r1, %r1`");
}

} // namespace
