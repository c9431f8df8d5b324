// Tensors as Halide functions, and what an algorithm hands to a schedule.
//
// Algorithms say what is computed and hold no schedule. Each takes the operation and its operands and returns functions
// whose arguments stand in the order of codegen/BufferDims.h.
#pragma once

#include "Halide.h"
#include "ir/KernelSpec.h"

#include <optional>
#include <string>
#include <vector>

namespace fovea {

/// The loop variables of activations, shared by every function so that schedules can name them.
struct Vars {
  Halide::Var c{"c"}, x{"x"}, y{"y"}, n{"n"};                  ///< activations: channel, column, row, image
  Halide::Var b{"b"}, i{"i"}, kx{"kx"}, ky{"ky"}, block{"block"}; ///< packed weights
};
extern const Vars vars;

/// A value of the kernel. `component` picks from a tuple-valued function.
struct Tensor {
  Halide::Func func;
  TensorSpec spec;
  int component = -1;
  Halide::Parameter parameter{}; ///< Of an operand of the kernel.

  Halide::Expr operator()(const std::vector<Halide::Expr> &arguments) const;
  /// The element at logical channel, column, row, image; ranks below 4 ignore the rest.
  Halide::Expr at(Halide::Expr c, Halide::Expr x, Halide::Expr y, Halide::Expr n) const;

  int64_t images() const { return spec.shape.at(0); }
  int64_t channels() const { return spec.shape.size() > 1 ? spec.shape[1] : spec.shape.at(0); }
  int64_t height() const { return spec.shape.size() == 4 ? spec.shape[2] : 1; }
  int64_t width() const { return spec.shape.size() == 4 ? spec.shape[3] : 1; }
  /// Whether the channel dimension has more lanes than channels.
  bool padded() const { return spec.layout == LayoutKind::ChannelsLast && spec.block != channels(); }
};

/// The pure variables of a tensor, innermost first.
std::vector<Halide::Var> dimensions(const TensorSpec &spec);

/// A transform of square tiles: `rows` of each column of a tile, then `all` of each row of that. Both have the place in the
/// tile in their last two arguments, small and of fixed extents, for the schedule to unroll.
struct TileTransform {
  Halide::Func rows, all;
  int from, to; ///< Numbers in a row of a tile before and after.
};

/// What a schedule may touch of an operation.
struct Stage {
  std::vector<Tensor> results;
  Halide::Func sum;           ///< The function with the reduction, if there is one.
  std::vector<Halide::RVar> reduction; ///< Its reduction variables, innermost first.
  std::optional<Halide::RVar> pair; ///< Two terms of the sum that an instruction may add at once, innermost.
  Halide::Func padding;       ///< The zero-padded copy of an operand, if one is needed.
  Halide::Func pixels,
      weights; ///< For a device: what the sum reads, of pixels and by channel of the result, to be placed.
  Halide::Func packed;        ///< A copy of an operand in the order in which the sum reads it.
  int parts = 1;              ///< Of `partial` on a device.
  Halide::Func partial, last; ///< Two-level sums: per chunk of images, and over the chunks.
  std::vector<Halide::Func> perImage;  ///< Small sums that stand beside the result, per image or pixel.
  std::vector<Halide::Func> perChannel; ///< Functions of the channel that are computed in front of all else.
  std::vector<TileTransform> transforms; ///< Of Winograd's filtering, in the order in which they are computed.
  Halide::Func products; ///< Its sums, as they are kept in memory.
  std::vector<Halide::Func> rows;   ///< Channels-last helpers, to be computed for a row of the result,
  std::vector<Halide::Func> planes; ///< or for all rows that a thread computes; each serves those that follow it.
};

/// A stage of one pure function, whose value at the result's variables is `value`.
Stage pointwise(const OpSpec &op, Halide::Expr value);

/// The element of `operand` that stands where the result's element stands.
Halide::Expr here(const Tensor &operand);

/// The same element of `operand` for a result in another order, whose padding lanes are zero.
Halide::Expr inOrderOf(const TensorSpec &result, const Tensor &operand);

std::vector<Halide::Expr> exprs(const std::vector<Halide::Var> &variables);

/// int64, list, double, string and bool attributes; the defaults are the dialect's.
int64_t integer(const OpSpec &op, const std::string &name, int64_t otherwise);
double number(const OpSpec &op, const std::string &name, double otherwise);
std::string text(const OpSpec &op, const std::string &name, const std::string &otherwise);
std::vector<int64_t> list(const OpSpec &op, const std::string &name, std::vector<int64_t> otherwise);

/// The largest divisor of `extent` that is at most `atMost`.
int64_t divisorOf(int64_t extent, int64_t atMost);

/// The attribute that says that an operation's kernel is for a device.
constexpr const char *onDevice = "on_device";

/// The attribute that says that an operation's sums are made by AMX's tiles.
constexpr const char *byTiles = "by_tiles";

/// Images whose pixels at one place a thread of a device computes together, so that windows leave the image for all of
/// them or for none; 1 on a CPU, and where the images are no multiple.
int imagesTogether(const OpSpec &op, int64_t images);

/// The terms of a sum over the channels, columns and rows that a layer's result reads. Of bf16, two channels are a pair,
/// beside each other in the weight.
struct LayerSum {
  Halide::RDom domain;
  Halide::Expr channel, column, row;
  std::vector<Halide::RVar> reduction;
  std::optional<Halide::RVar> pair;

  LayerSum(const TensorSpec &weight, int64_t channels, int64_t columns, int64_t rows);
  /// Where the term's element of a packed weight lies; `at` is where it would lie without pairs.
  std::vector<Halide::Expr> inWeight(const TensorSpec &weight, Halide::Expr filter, std::vector<Halide::Expr> at) const;
};

/// Where a window starts and what it covers, along one axis.
struct Axis {
  int kernel, stride, before, dilation = 1;

  /// First and last element of the window, and all between.
  int reach() const { return (kernel - 1) * dilation + 1; }
};
Axis rows(const OpSpec &op, int64_t kernelRows);
Axis columns(const OpSpec &op, int64_t kernelColumns);

} // namespace fovea
