#include "runtime/Packing.h"

#include <algorithm>

namespace fovea {

int64_t packedIndex(const ParameterInfo &parameter, int64_t logical) {
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
