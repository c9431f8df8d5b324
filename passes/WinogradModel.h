// When Winograd's filtering is worth it, with which tile, and how its kernels are scheduled.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

namespace fovea {

/// A convolution with stride 1, square kernels and no dilation, or one of its gradients, which have the same numbers.
struct ConvolutionShape {
  int64_t images, inputs, outputs; ///< Channels of the image and of the result.
  int64_t groups, height, width;   ///< Of the result.
  int64_t kernel;
  int64_t fromHeight = height, fromWidth = width; ///< Of the image that it is computed from.
  bool bf16 = false; ///< Direct sums of bf16.
};

/// Which of the three tensors is computed. The weight's gradient writes and reads the transforms of a whole batch.
enum class ConvolutionPass { Forward, InputGradient, WeightGradient };

/// Cycles until the last core is done, for comparing choices on one target.
struct ConvolutionCost {
  double direct = 0;
  double winograd = 0; ///< With `tile`.
  int64_t tile = 0;    ///< The best; 0 where none fits.
  bool bf16 = false;   ///< `direct` is of bf16.

  /// Not for a gain within the model's error, but even for a little loss where its result is the more exact.
  bool winogradPays() const { return tile > 0 && winograd < (bf16 ? 1.1 : 0.95) * direct; }
};

/// The time of direct sums of bf16 over `inputs` channels, which are read in pairs, by that of f32.
double bf16Share(int64_t inputs, const TargetInfo &target);

/// Whether Winograd's filtering with this tile is computed for such kernels; tile 0, direct sums, always is.
bool canTile(int64_t tile, int64_t kernel);

/// Whether an input gradient is computed from tiles of the result's gradient, where that takes fewer than tiles of its
/// own.
bool tilesOperand(const ConvolutionShape &shape, ConvolutionPass pass, int64_t tile);

/// Whether the kernel's anchor is a convolution in Winograd's domain, forwards or backwards.
bool isWinogradConvolution(const OpSpec &anchor);

/// Tiles of each image of such a kernel.
int64_t winogradTiles(const KernelSpec &kernel, const OpSpec &anchor);

ConvolutionCost convolutionCost(const ConvolutionShape &shape, ConvolutionPass pass, const TargetInfo &target);

/// The schedule of a kernel whose anchor is one of Winograd's operations on images.
Schedule winogradSchedule(const KernelSpec &kernel, const OpSpec &anchor, const TargetInfo &target);

} // namespace fovea
