// Tensors as the tests see them: doubles in row-major logical order, whatever the order in memory.
#pragma once

#include "ir/KernelSpec.h"

#include <cstdint>
#include <vector>

namespace fovea::test {

struct Array {
  std::vector<int64_t> shape;
  std::vector<double> values;

  Array() = default;
  explicit Array(std::vector<int64_t> shape);

  int64_t size() const { return int64_t(values.size()); }
  /// The element at up to four logical indices; a tensor of lower rank takes fewer.
  double &operator()(int64_t a, int64_t b = 0, int64_t c = 0, int64_t d = 0) { return values[index(a, b, c, d)]; }
  double operator()(int64_t a, int64_t b = 0, int64_t c = 0, int64_t d = 0) const { return values[index(a, b, c, d)]; }
  /// Extent of a dimension; 1 past the rank.
  int64_t extent(size_t dim) const { return dim < shape.size() ? shape[dim] : 1; }

private:
  int64_t index(int64_t a, int64_t b, int64_t c, int64_t d) const {
    return ((a * extent(1) + b) * extent(2) + c) * extent(3) + d;
  }
};

/// The nearest bf16, as long as that is a normal number.
double toBf16(double value);

/// Where logical element `flat` (row-major) of the tensor lies in memory, in elements. Written from the definition of
/// the layouts (ir/README.md), not from the code generator's.
int64_t memoryIndex(const TensorSpec &spec, int64_t flat);

/// The tensor's bytes; padding lanes hold `padding`.
std::vector<uint8_t> toMemory(const TensorSpec &spec, const Array &array, double padding);

/// The logical elements, and in `padding` those of the padding lanes.
Array fromMemory(const TensorSpec &spec, const uint8_t *bytes, std::vector<double> &padding);

} // namespace fovea::test
