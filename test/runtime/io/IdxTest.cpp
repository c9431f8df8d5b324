#include "runtime/Idx.h"
#include "test/runtime/io/Expect.h"
#include "test/runtime/io/Seeds.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Idx : testing::Test {
  TemporaryFolder folder;
  std::string write(std::string_view contents) { return folder.write("x-ubyte", contents); }
};

TEST_F(Idx, readsPlainAndGzipAlike) {
  std::string plain = idx({2, 3, 5});
  for (const std::string &bytes : {plain, gzip(plain), gzip(plain.substr(0, 20)) + gzip(plain.substr(20))}) {
    IdxArray array = readIdx(write(bytes), 3);
    EXPECT_EQ(array.shape, (Shape{2, 3, 5}));
    ASSERT_EQ(array.values.size(), 30u);
    EXPECT_EQ(array.values[29], 29);
  }
  EXPECT_EQ(readIdx(write(gzip(idx({3'000'000}))), 1).values.size(), 3'000'000u);
}

TEST_F(Idx, refusesWrongMagic) {
  EXPECT_ERROR(readIdx(write(idx({30})), 3), "x-ubyte", "0x00000801", "3 dimensions", "0x00000803");
  EXPECT_ERROR(readIdx(write("GIF89a, not IDX"), 1), "0x47494638", "1 dimension has 0x00000801");
  EXPECT_ERROR(readIdx(write("ab"), 1), "is 2 bytes long", "header of 8 bytes");
  EXPECT_ERROR(readIdx(write(""), 1), "is 0 bytes long");
}

TEST_F(Idx, refusesTruncatedAndOversized) {
  std::string plain = idx({2, 3, 5});
  EXPECT_ERROR(readIdx(write(plain.substr(0, 10)), 3), "inside the header", "truncated");
  EXPECT_ERROR(readIdx(write(plain.substr(0, 40)), 3), "[2, 3, 5], 30 bytes", "holds 24");
  EXPECT_ERROR(readIdx(write(plain + "x"), 3), "30 bytes", "holds 31");
  EXPECT_ERROR(readIdx(write(gzip(plain.substr(0, 40))), 3), "30 bytes", "holds 24", "truncated");
  EXPECT_ERROR(readIdx(write(gzip(plain + "x")), 3), "holds more");
}

TEST_F(Idx, refusesDamagedGzip) {
  std::string compressed = gzip(idx({2, 3, 5}));
  EXPECT_ERROR(readIdx(write(compressed.substr(0, compressed.size() - 9)), 3), "truncated");
  EXPECT_ERROR(readIdx(write(compressed.substr(0, compressed.size() - 1)), 3), "gzip stream is truncated");
  compressed[compressed.size() - 6] ^= 1; // the checksum
  EXPECT_ERROR(readIdx(write(compressed), 3), "gzip stream is damaged");
  EXPECT_ERROR(readIdx(write(gzip(idx({2, 3, 5})) + "garbage"), 3), "gzip stream is damaged");
}

TEST_F(Idx, takesNoMemoryForHeadersThatLie) {
  std::string lie = big(0x0803, 4) + big(0xffffffff, 4) + big(0xffffffff, 4) + big(0xffffffff, 4);
  EXPECT_ERROR(readIdx(write(lie), 3), "more than the");
  std::string large = big(0x0801, 4) + big(0xffffffff, 4) + "few";
  EXPECT_ERROR(readIdx(write(large), 1), "4294967295 bytes", "holds 3");
  EXPECT_ERROR(readIdx(write(gzip(large)), 1), "4294967295 bytes", "holds 3");
}

} // namespace
