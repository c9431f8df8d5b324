// What the tests of the formats share: a temporary folder, and valid files made by independent writers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::test {

/// A folder of its own, removed with all it holds.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::string file(const std::string &name) const { return path + "/" + name; }
  /// Writes a file there and returns its path.
  std::string write(const std::string &name, std::string_view contents) const;

  std::string path;
};

std::string slurp(const std::string &path);

std::string little(uint64_t value, int width);
std::string big(uint64_t value, int width);

/// IDX of unsigned bytes with these sizes; bytes count up and wrap.
std::string idx(const std::vector<uint32_t> &sizes);
std::string gzip(const std::string &contents);

/// A .npy file, version 1, around any header text and data.
std::string npy(std::string_view dictionary, std::string_view data, int version = 1);

/// A safetensors file around any header text and data.
std::string safetensors(std::string_view header, std::string_view data);

struct PngOptions {
  int type = 0;  // PNG_COLOR_TYPE_GRAY
  int depth = 8; // bits of a sample
  bool interlaced = false;
  bool transparentZero = false; // tRNS: colour or index 0 is transparent
};

/// A PNG whose raw rows (samples packed as PNG packs them) are given. Palettes are 2^depth entries of (i, 2 i, 255 -
/// i).
std::string png(uint32_t width, uint32_t height, std::string_view rows, const PngOptions &options = {});

/// A JPEG of 1, 3 (RGB) or 4 (CMYK as given; with Adobe's marker when `adobe`) components at quality 100.
std::string jpeg(uint32_t width, uint32_t height, int components, std::string_view pixels, bool progressive = false,
                 bool adobe = true);

} // namespace fovea::test
