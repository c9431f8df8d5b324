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

} // namespace
