// Small made data sets and files for the tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace fovea::fake {

/// An empty folder of the running test's own.
inline std::string emptyFolder() {
  auto *info = testing::UnitTest::GetInstance()->current_test_info();
  std::string path = testing::TempDir() + "/fovea-" + info->test_suite_name() + "-" + info->name();
  for (char &c : path)
    c = c == '/' && &c > path.data() + testing::TempDir().size() ? '-' : c;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

/// One 4x4 image of `label`: two bright rows or columns, noise elsewhere.
inline void drawImage(int label, uint32_t &noise, uint8_t *bytes) {
  for (int i = 0; i < 16; ++i) {
    noise = noise * 1664525 + 1013904223;
    bool bright = label == 0 ? i < 8 : label == 1 ? i % 4 < 2 : (i / 4 + i % 4) % 2 == 0;
    bytes[i] = static_cast<uint8_t>((bright ? 150 : 0) + (noise >> 24) % 100);
  }
}

/// MNIST's four files with `train` and `test` images of 4x4 pixels and three classes.
inline void writeDataset(const std::string &folder, int train, int test) {
  uint32_t noise = 1;
  for (auto [name, count] : {std::pair{"train", train}, std::pair{"t10k", test}}) {
    std::ofstream images(folder + "/" + name + "-images-idx3-ubyte", std::ios::binary);
    std::ofstream labels(folder + "/" + name + "-labels-idx1-ubyte", std::ios::binary);
    auto big = [](std::ofstream &file, uint32_t value) {
      for (int shift : {24, 16, 8, 0})
        file.put(static_cast<char>(value >> shift));
    };
    for (uint32_t value : {0x803u, static_cast<uint32_t>(count), 4u, 4u})
      big(images, value);
    for (uint32_t value : {0x801u, static_cast<uint32_t>(count)})
      big(labels, value);
    for (int i = 0; i < count; ++i) {
      uint8_t bytes[16];
      drawImage(i % 3, noise, bytes);
      images.write(reinterpret_cast<const char *>(bytes), 16);
      labels.put(static_cast<char>(i % 3));
    }
  }
}

inline std::string contents(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace fovea::fake
