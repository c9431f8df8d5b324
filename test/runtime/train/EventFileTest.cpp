#include "runtime/EventFile.h"
#include "runtime/Error.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

using namespace fovea;

TEST(EventFile, Crc32cGivesThePublishedAnswer) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);           // the catalogue's check value
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu); // RFC 3720, B.4
}

TEST(EventFile, HoldsAVersionAndTheScalars) {
  std::string folder = testing::TempDir() + "/fovea-events";
  std::filesystem::remove_all(folder);
  {
    EventFile file(folder);
    file.scalar("train/loss", 300, 0.5);
  }
  auto entry = *std::filesystem::directory_iterator(folder);
  EXPECT_TRUE(entry.path().filename().string().starts_with("events.out.tfevents."));
  std::ifstream in(entry.path(), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};

  std::vector<std::string> records;
  for (size_t at = 0; at < bytes.size();) {
    uint64_t length;
    uint32_t crc;
    std::memcpy(&length, bytes.data() + at, 8);
    ASSERT_LE(at + 16 + length, bytes.size());
    auto masked = [](std::string_view text) {
      uint32_t value = crc32c(text);
      return ((value >> 15) | (value << 17)) + 0xa282ead8u;
    };
    std::memcpy(&crc, bytes.data() + at + 8, 4);
    EXPECT_EQ(crc, masked({bytes.data() + at, 8}));
    records.push_back(bytes.substr(at + 12, length));
    std::memcpy(&crc, bytes.data() + at + 12 + length, 4);
    EXPECT_EQ(crc, masked(records.back()));
    at += 16 + length;
  }
  ASSERT_EQ(records.size(), 2u);
  EXPECT_NE(records[0].find("brain.Event:2"), std::string::npos);
  // step = 300 as a varint; summary { value { tag, simple_value = 0.5 } }
  std::string expected =
      std::string("\x10\xac\x02\x2a\x13\x0a\x11\x0a\x0a", 9) + "train/loss" + std::string("\x15\x00\x00\x00\x3f", 5);
  EXPECT_EQ(records[1].substr(9), expected);
}

TEST(EventFile, NamesAFolderThatCannotBeMade) {
  try {
    EventFile file("/dev/null/logs");
    FAIL();
  } catch (const Error &problem) {
    EXPECT_NE(std::string(problem.what()).find("/dev/null/logs"), std::string::npos);
  }
}
