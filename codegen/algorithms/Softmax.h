// The exponentials that softmax and the losses share.
#pragma once

#include "codegen/algorithms/Tensor.h"

namespace fovea {

/// exp(sign * v - its largest over the channels), and its sum, over the real channels only.
struct Exponentials {
  Halide::Func value, total, largest;
};

/// Of each pixel of `in`; the sums are appended to `stages`.
Exponentials exponentials(const Tensor &in, float sign, std::vector<Halide::Func> &stages);

/// The variables of one pixel, (x, y, n) or (n).
std::vector<Halide::Var> pixel(const TensorSpec &spec);

} // namespace fovea
