// Layers of bf16 whose sums AMX's tiles make. Halide has no loops for them: they are a function of the runtime, an extern
// stage, which is given whole rows of pixels (runtime/AmxSums.h).
#pragma once

#include "codegen/algorithms/Convolution.h"

namespace fovea {

/// What a window reads and where it stands, for a layer whose operands are those of the kernel.
struct TiledWindow {
  Axis column{.kernel = 1, .stride = 1, .before = 0}, row{.kernel = 1, .stride = 1, .before = 0};
  int outputsOfGroup, inputsOfGroup;
};

/// A function of channel, column, row and image with the layer's sums, without its bias. `padding`, where it is defined,
/// is the image with zeros around it.
Halide::Func tiledSums(const Tensor &image, Halide::Func padding, const Tensor &weight, const TiledWindow &window);

} // namespace fovea
