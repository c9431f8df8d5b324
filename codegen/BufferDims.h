// How a tensor appears to a compiled kernel: the one place that both sides of the call agree on.
//
// The Halide side gives its image parameters these bounds and strides, the host side fills a halide_buffer_t with them.
// Dimensions go from the innermost outwards and are dense:
//
//   plain [N,C,H,W]       w, h, c, n           channels_last [N,C,H,W]    c (padded), w, h, n
//   plain [N,K]           k, n                 channels_last [N,K]        k (padded), n
//   plain [N] or [C]      n or c               vector [C]                 c (padded)
//   weight [O,I,KH,KW]              o mod B, i, kw, kh, o / B
//   weight_transposed [O,I,KH,KW]   i mod B, o, kw, kh, i / B
//
// A dense layer's [O,K] is packed through the [O,C,H,W] view that its layout gives.
#pragma once

#include "ir/KernelSpec.h"

#include <cstdint>
#include <vector>

namespace fovea {

struct BufferDim {
  int64_t extent, stride; ///< In elements. The minimum is 0.
  bool operator==(const BufferDim &) const = default;
};

/// The dimensions of the tensor in memory, innermost first.
std::vector<BufferDim> bufferDims(const TensorSpec &tensor);

/// An element as halide_type_t (HalideRuntime.h) has it.
struct BufferType {
  int code; ///< of halide_type_code_t
  int bits;
};

BufferType bufferType(ElementType element);

} // namespace fovea
