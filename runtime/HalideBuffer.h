// halide_dimension_t and halide_buffer_t (HalideRuntime.h), as kernels hand them over: the runtime includes no header of
// Halide.
#pragma once

#include <cstdint>

namespace fovea {

struct HalideDimension {
  int32_t min, extent, stride; ///< In elements.
  uint32_t flags;
};

struct HalideBuffer {
  uint64_t device;
  const void *interface;
  uint8_t *host; ///< The element at all dimensions' mins.
  uint64_t flags;
  uint8_t code, bits;
  uint16_t lanes;
  int32_t dimensions;
  HalideDimension *dim;
  void *padding;
};

} // namespace fovea
