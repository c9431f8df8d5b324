#include "runtime/Packing.h"

#include <algorithm>

namespace fovea {

int64_t packedIndex(const ParameterInfo &parameter, int64_t logical) {
  if (parameter.layout == PackedLayout::ChannelsLast) { // [C, H, W]
    const int64_t pixels = parameter.shape[1] * parameter.shape[2];
    return logical % pixels * parameter.block + logical / pixels;
  }
  if (parameter.layout == PackedLayout::LocalWeight) { // [O, OH, OW, I, KH, KW]
    const auto &shape = parameter.shape;
    const int64_t taps = shape[4] * shape[5], inputs = shape[3], pixels = shape[1] * shape[2], lanes = parameter.block;
    const int64_t tap = logical % taps, input = logical / taps % inputs, pixel = logical / (taps * inputs) % pixels,
                  output = logical / (taps * inputs * pixels), blocks = (shape[0] + lanes - 1) / lanes;
    return (((pixel * blocks + output / lanes) * taps + tap) * inputs + input) * lanes + output % lanes;
  }
  if (parameter.layout != PackedLayout::Weight)
    return logical;
  const auto &[outputs, inputs, height, width] = parameter.pack;
  int64_t column = logical % width, row = logical / width % height;
  int64_t input = logical / (width * height) % inputs, output = logical / (width * height * inputs);
  int64_t block = parameter.block;
  return (((output / block * height + row) * width + column) * inputs + input) * block + output % block;
}

void pack(const ParameterInfo &parameter, const float *logical, float *packed) {
  std::fill_n(packed, parameter.size, 0.0f);
  for (int64_t i = 0, n = parameter.elements(); i < n; ++i)
    if (parameter.mask.empty() || parameter.mask[i])
      packed[packedIndex(parameter, i)] = logical[i];
}

void unpack(const ParameterInfo &parameter, const float *packed, float *logical) {
  for (int64_t i = 0, n = parameter.elements(); i < n; ++i)
    logical[i] = parameter.mask.empty() || parameter.mask[i] ? packed[packedIndex(parameter, i)] : 0.0f;
}

} // namespace fovea
