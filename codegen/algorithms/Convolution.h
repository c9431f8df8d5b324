// What the convolutions, direct and by Winograd's filtering, share.
#pragma once

#include "codegen/algorithms/Tensor.h"

namespace fovea {

/// `in`, zero outside its image. Not bounded here: the schedule computes just what is read.
Halide::Func zeroPadded(const Tensor &in);

/// The groups of a convolution: output channel c belongs to group c / outputs, which reads `inputs` channels from
/// c / outputs * inputs on.
struct Groups {
  int count, outputs, inputs;
  int lanes; ///< A power of two that divides the blocks of weights, so that a vector of this size stays in one group.

  /// The group of channel `c`. Dividing by the lanes first makes it one number for a vector of channels.
  Halide::Expr of(Halide::Expr c) const { return c / lanes / (outputs / lanes); }
};

/// Of a convolution whose result has `channels` channels and whose weight has blocks of `block`; `inputs` and `outputs`
/// are what the result's channels read and write in a group.
Groups groups(const OpSpec &op, int64_t channels, int64_t inputs, int64_t block);

/// `c`, kept below `channels` where groups leave a channel without a filter: in the padding lanes of the result.
Halide::Expr existing(Halide::Expr c, const TensorSpec &result, int count);

/// Where the element of a packed weight lies that result channel `filter` multiplies with its `input`-th channel, at
/// kernel column kx and row ky; and the channel of the operand that it meets.
struct WeightElement {
  std::vector<Halide::Expr> at;
  Halide::Expr channel;
};

/// For a weight in layout `weight`, read forwards, or `weight_transposed`, read backwards; `filter` exists.
WeightElement weightElement(const Groups &group, const TensorSpec &weight, Halide::Expr filter, Halide::Expr input,
                            Halide::Expr kx, Halide::Expr ky);

/// A kernel column and row that follow from a tap and a pixel, as those of strided input gradients.
struct StridedTap {
  Halide::Expr x, y;           ///< The taps,
  Halide::Expr pixelX, pixelY; ///< and the pixel, or 0 where it says nothing.
  Halide::Expr column, row;    ///< What follows, of vars.kx and vars.ky as taps and vars.x and vars.y as pixel.
};

/// What the sum of a convolution reads. On a device both are functions that its schedule places, in the stage.
struct SumOperands {
  Halide::Expr weight, pixel;

  /// For channel `filter` of the result: input channel `input` of its group with kernel column kx and row ky, at (x,
  /// y). With a `strided` tap a device's weights are a function of that: schedules promise to read one column and row
  /// at a time, which Halide has to see, and it takes a remainder for any.
  SumOperands(Stage &stage, const OpSpec &op, const Groups &group, const Tensor &weight, const Tensor &in,
              Halide::Expr filter, const LayerSum *pairs, Halide::Expr input, Halide::Expr kx, Halide::Expr ky,
              Halide::Expr x, Halide::Expr y, const StridedTap *strided = nullptr);
};

} // namespace fovea
