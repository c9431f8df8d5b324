#include "test/codegen/numeric/Array.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace fovea::test {

namespace {

double read(ElementType element, const uint8_t *bytes, int64_t index) {
  if (element == ElementType::U8)
    return bytes[index];
  if (element == ElementType::BF16) {
    uint16_t half;
    std::memcpy(&half, bytes + 2 * index, 2);
    return std::bit_cast<float>(uint32_t(half) << 16);
  }
  if (element == ElementType::I32) {
    int32_t value;
    std::memcpy(&value, bytes + 4 * index, 4);
    return value;
  }
  float value;
  std::memcpy(&value, bytes + 4 * index, 4);
  return value;
}

void write(ElementType element, uint8_t *bytes, int64_t index, double value) {
  if (element == ElementType::U8) {
    bytes[index] = uint8_t(value);
  } else if (element == ElementType::BF16) {
    const auto half = uint16_t(std::bit_cast<uint32_t>(float(toBf16(value))) >> 16);
    std::memcpy(bytes + 2 * index, &half, 2);
  } else if (element == ElementType::I32) {
    const auto whole = int32_t(value);
    std::memcpy(bytes + 4 * index, &whole, 4);
  } else {
    const auto single = float(value);
    std::memcpy(bytes + 4 * index, &single, 4);
  }
}

} // namespace

// From the format's definition: 8 bits of significand, ties to even (the rounding mode that C++ starts with).
double toBf16(double value) {
  if (value == 0 || !std::isfinite(value))
    return value;
  int exponent;
  const double significand = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(significand, 8)), exponent - 8);
}

Array::Array(std::vector<int64_t> shape) : shape(std::move(shape)) {
  int64_t count = 1;
  for (int64_t extent : this->shape)
    count *= extent;
  values.assign(count, 0.0);
}

int64_t memoryIndex(const TensorSpec &spec, int64_t flat) {
  const auto &shape = spec.shape;
  const int64_t block = spec.block;
  switch (spec.layout) {
  case LayoutKind::Plain:
  case LayoutKind::Vector:
    return flat;
  case LayoutKind::LocalWeight: { // [O,OH,OW,I,KH,KW]
    const int64_t taps = shape[4] * shape[5], inputs = shape[3], pixels = shape[1] * shape[2];
    const int64_t tap = flat % taps, input = flat / taps % inputs, pixel = flat / taps / inputs % pixels,
                  output = flat / taps / inputs / pixels;
    return (((pixel * ((shape[0] + block - 1) / block) + output / block) * taps + tap) * inputs + input) * block +
           output % block;
  }
  case LayoutKind::ChannelsLast: {
    if (shape.size() == 3) // [C,H,W]
      return flat % (shape[1] * shape[2]) * block + flat / (shape[1] * shape[2]);
    int64_t pixels = 1;
    for (size_t dim = 2; dim < shape.size(); ++dim)
      pixels *= shape[dim];
    const int64_t pixel = flat % pixels, channel = flat / pixels % shape[1], image = flat / pixels / shape[1];
    return (image * pixels + pixel) * block + channel;
  }
  case LayoutKind::Weight:
  case LayoutKind::WeightTransposed: {
    const bool dense = shape.size() == 2;
    const int64_t outputs = shape[0], inputs = dense ? spec.spatial.at(0) : shape[1];
    const int64_t area = dense ? spec.spatial.at(1) * spec.spatial.at(2) : shape[2] * shape[3];
    const int64_t tap = flat % area, input = flat / area % inputs, output = flat / area / inputs;
    if (spec.layout == LayoutKind::Weight && spec.element == ElementType::BF16) // Two inputs side by side.
      return (((output / block * area + tap) * ((inputs + 1) / 2) + input / 2) * block + output % block) * 2 +
             input % 2;
    if (spec.layout == LayoutKind::Weight)
      return ((output / block * area + tap) * inputs + input) * block + output % block;
    return ((input / block * area + tap) * outputs + output) * block + input % block;
  }
  }
  return -1;
}

std::vector<uint8_t> toMemory(const TensorSpec &spec, const Array &array, double padding) {
  std::vector<uint8_t> bytes(physicalBytes(spec));
  for (int64_t index = 0; index < physicalElements(spec); ++index)
    write(spec.element, bytes.data(), index, padding);
  for (int64_t flat = 0; flat < array.size(); ++flat)
    write(spec.element, bytes.data(), memoryIndex(spec, flat), array.values[flat]);
  return bytes;
}

Array fromMemory(const TensorSpec &spec, const uint8_t *bytes, std::vector<double> &padding) {
  Array array(spec.shape);
  std::vector<bool> logical(physicalElements(spec));
  for (int64_t flat = 0; flat < array.size(); ++flat) {
    const int64_t index = memoryIndex(spec, flat);
    array.values[flat] = read(spec.element, bytes, index);
    logical[index] = true;
  }
  for (int64_t index = 0; index < physicalElements(spec); ++index)
    if (!logical[index])
      padding.push_back(read(spec.element, bytes, index));
  return array;
}

} // namespace fovea::test
