#include "runtime/Exif.h"

#include <algorithm>
#include <cstring>

namespace fovea {

int exifOrientation(std::span<const uint8_t> segment) {
  // "Exif\0\0", then a TIFF file: its byte order, 42, and where its first directory begins (Exif 2.3, section 4.5).
  if (segment.size() < 14 || std::memcmp(segment.data(), "Exif\0\0", 6) != 0)
    return 1;
  const std::span<const uint8_t> tiff = segment.subspan(6);
  const bool little = tiff[0] == 'I';
  auto number = [&](size_t at, size_t bytes) -> uint32_t {
    uint32_t value = 0;
    if (at > tiff.size() || bytes > tiff.size() - at)
      return 0;
    for (size_t i = 0; i < bytes; ++i)
      value |= uint32_t(tiff[at + i]) << 8 * (little ? i : bytes - 1 - i);
    return value;
  };
  if (number(2, 2) != 42)
    return 1;
  const size_t directory = number(4, 4), entries = number(directory, 2);
  for (size_t entry = 0; entry < entries; ++entry) {
    const size_t at = directory + 2 + entry * 12;
    if (at + 12 > tiff.size())
      return 1;
    if (number(at, 2) == 0x0112) {
      const uint32_t orientation = number(at + 8, 2);
      return orientation >= 1 && orientation <= 8 ? int(orientation) : 1;
    }
  }
  return 1;
}

Image upright(Image image, int orientation) {
  if (orientation <= 1)
    return image;
  const bool turned = orientation >= 5;
  Image result{turned ? image.width : image.height, turned ? image.height : image.width, image.channels, {}};
  result.pixels.resize(image.pixels.size());
  uint8_t *to = result.pixels.data();
  for (int64_t y = 0; y < result.height; ++y)
    for (int64_t x = 0; x < result.width; ++x) {
      // Where pixel (x, y) of the upright picture lies in the file's.
      int64_t row = turned ? x : y, column = turned ? y : x;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7)
        row = image.height - 1 - row;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8)
        column = image.width - 1 - column;
      const uint8_t *from = image.pixels.data() + (row * image.width + column) * image.channels;
      to = std::copy_n(from, image.channels, to);
    }
  return result;
}

} // namespace fovea
