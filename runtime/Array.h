// Plain arrays in memory: what the file formats read and write.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fovea {

using Shape = std::vector<int64_t>;

/// Row-major, `values.size() == *elementCount(shape)`.
struct FloatTensor {
  Shape shape;
  std::vector<float> values;
};

/// Row-major integers of any width, widened.
struct IntTensor {
  Shape shape;
  std::vector<int64_t> values;
};

/// The product of `shape` (1 when empty); nothing when an extent is negative or the product passes 2^62.
inline std::optional<int64_t> elementCount(std::span<const int64_t> shape) {
  int64_t count = 1;
  bool empty = false;
  for (int64_t extent : shape) {
    if (extent < 0)
      return std::nullopt;
    empty |= extent == 0;
    // Zero anywhere makes the array empty, but the other extents must still be sane.
    if (extent > 0 && (__builtin_mul_overflow(count, extent, &count) || count > (int64_t(1) << 62)))
      return std::nullopt;
  }
  return empty ? 0 : count;
}

/// "[1, 28, 28]", as every message prints a shape.
inline std::string shapeText(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

} // namespace fovea
