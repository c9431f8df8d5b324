#include "runtime/device/Ptx.h"

#include <gtest/gtest.h>

using namespace fovea;

namespace {

const std::string head = ".version 7.0\n.target sm_80\n.address_size 64\n";
const std::string registers = "\t.reg .b32 \t%fovea_base32, %fovea_at32;\n"
                              "\t.reg .b64 \t%fovea_base64, %fovea_at64;\n"
                              "\tmov.u32 \t%fovea_base32, fovea_shared;\n"
                              "\tmov.u64 \t%fovea_base64, fovea_shared;\n";

TEST(Ptx, LeavesKernelsWithoutSharedMemoryAlone) {
  const std::string ptx =
      head + ".visible .entry k(\n\t.param .u64 p\n)\n{\n\tld.global.b32 \t%r1, [%rd1];\n\tret;\n}\n";
  EXPECT_EQ(withSharedMemoryBase(ptx), ptx);
}

TEST(Ptx, CountsSharedAddressesFromTheBlocksMemory) {
  const std::string ptx = head + "\n.visible .entry k()\n{\n\t.reg .b32 \t%r<3>;\n"
                                 "\tst.shared.b32 \t[%rd2], %r24;\n"
                                 "\t@%p1 ld.shared.v4.b32 \t{%r1, %r2, %r3, %r4}, [%r5+396]; // [not an address]\n"
                                 "\tld.volatile.shared.b32 \t%r1, [%rd2+-16];\n"
                                 "\tatom.shared.add.f32 \t%r1, [12], %r2;\n"
                                 "\tbar.sync \t0; // no .shared here, [1]\n"
                                 "\tret;\n}\n";
  EXPECT_EQ(withSharedMemoryBase(ptx),
            head + "\n.extern .shared .align 16 .b8 fovea_shared[];\n\n" + "\n.visible .entry k()\n{\n" + registers +
                "\t.reg .b32 \t%r<3>;\n"
                "\tadd.s64 \t%fovea_at64, %rd2, %fovea_base64;\n"
                "\tst.shared.b32 \t[%fovea_at64], %r24;\n"
                "\tadd.s32 \t%fovea_at32, %r5, %fovea_base32;\n"
                "\t@%p1 ld.shared.v4.b32 \t{%r1, %r2, %r3, %r4}, [%fovea_at32+396]; // [not an address]\n"
                "\tadd.s64 \t%fovea_at64, %rd2, %fovea_base64;\n"
                "\tld.volatile.shared.b32 \t%r1, [%fovea_at64+-16];\n"
                "\tatom.shared.add.f32 \t%r1, [fovea_shared+12], %r2;\n"
                "\tbar.sync \t0; // no .shared here, [1]\n"
                "\tret;\n}\n");
}

TEST(Ptx, GivesEachFunctionItsRegisters) {
  const auto function = [](const std::string &name, const std::string &body) {
    return ".visible .entry " + name + "()\n{\n" + body + "\tret;\n}\n";
  };
  const std::string access = "\tld.shared.b32 \t%r1, [0];\n", rebased = "\tld.shared.b32 \t%r1, [fovea_shared+0];\n";
  EXPECT_EQ(withSharedMemoryBase(head + function("a", access) + function("b", "") + function("c", access)),
            head + "\n.extern .shared .align 16 .b8 fovea_shared[];\n\n" + function("a", registers + rebased) +
                function("b", "") + function("c", registers + rebased));
}

TEST(Ptx, LeavesLocalWordsAlone) {
  const std::string ptx = head + ".visible .entry k()\n{\n\t.local .align 4 .b8 \t__local_depot0[12];\n"
                                 "\tst.local.b32 \t[%rd12+-20], %r136;\n\tld.local.b32 \t%r1, [%rd4]; // ld.local.b64\n"
                                 "\tcvta.to.local.u64 \t%rd3, %rd4;\n\tret;\n}\n";
  EXPECT_EQ(withLocalWords(ptx), ptx);
}

TEST(Ptx, AccessesLocalMemoryInWords) {
  const std::string before = head + ".visible .entry k()\n{\n", after = "\tret;\n}\n";
  EXPECT_EQ(withLocalWords(before + "\t.reg .b32 \t%r<9>;\n"
                                    "\tst.local.b64 \t[%rd7], %rd62;\n"
                                    "\t@%p1 ld.local.v2.b32 \t{%r1, %r2}, [%rd5+-8];\n"
                                    "\tst.local.v4.b32 \t[%rd5+16], {%r1, %r2, %r3, %r4};\n"
                                    "\tld.local.v2.b64 \t{%rd1, %rd2}, [%rd5]; // 16-byte Reload\n" +
                           after),
            before + "\t.reg .b32 \t%fovea_low, %fovea_high;\n"
                     "\t.reg .b32 \t%r<9>;\n"
                     "\tmov.b64 \t{%fovea_low, %fovea_high}, %rd62;\n"
                     "\tst.local.b32 \t[%rd7+0], %fovea_low;\n"
                     "\tst.local.b32 \t[%rd7+4], %fovea_high;\n"
                     "\t@%p1 ld.local.b32 \t%r1, [%rd5+-8];\n"
                     "\t@%p1 ld.local.b32 \t%r2, [%rd5+-4];\n"
                     "\tst.local.b32 \t[%rd5+16], %r1;\n"
                     "\tst.local.b32 \t[%rd5+20], %r2;\n"
                     "\tst.local.b32 \t[%rd5+24], %r3;\n"
                     "\tst.local.b32 \t[%rd5+28], %r4;\n"
                     "\tld.local.b32 \t%fovea_low, [%rd5+0];\n"
                     "\tld.local.b32 \t%fovea_high, [%rd5+4];\n"
                     "\tmov.b64 \t%rd1, {%fovea_low, %fovea_high};\n"
                     "\tld.local.b32 \t%fovea_low, [%rd5+8];\n"
                     "\tld.local.b32 \t%fovea_high, [%rd5+12];\n"
                     "\tmov.b64 \t%rd2, {%fovea_low, %fovea_high};\n" +
                after);
}

} // namespace
