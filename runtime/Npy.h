// NumPy's .npy files, format versions 1 to 3, little-endian, C or Fortran order.
#pragma once

#include "runtime/Array.h"

namespace fovea {

/// Reads float32 (or float64, rounded). Fortran order is converted to row-major.
FloatTensor readNpyFloats(const std::string &path);

/// Reads integers: int8 to int64, uint8 to uint32, widened (uint64 is refused).
IntTensor readNpyIntegers(const std::string &path);

/// Version 1.0, C order, '<f4' / '<i8', written whole or not at all.
void writeNpy(const std::string &path, std::span<const int64_t> shape, const float *values);
void writeNpy(const std::string &path, std::span<const int64_t> shape, const int64_t *values);

} // namespace fovea
