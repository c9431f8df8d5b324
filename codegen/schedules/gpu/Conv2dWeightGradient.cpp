#include "codegen/schedules/gpu/Schedules.h"

#include <algorithm>

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

// A thread sums a tile of output by input channels, or by kernel columns where there are few input channels, over the
// pixels of a chunk of images. The second launch adds up the chunks and, in a training step, updates.
void scheduleGpuConv2dWeightGradient(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const TensorSpec &result = kernel.anchorOp().results[0];
  const int inputs = int(result.shape[1]), width = int(result.shape[3]);
  const bool columns = inputs < 4;
  Func sum = stage.sum, partial = stage.partial, gradients = stage.weights, pixels = stage.pixels;
  const Var tiled = columns ? kx : i, chunk = partial.args()[5];
  Var other = columns ? i : kx;
  GpuTile tile{int(vectorDividing(result.block, 16)), int(divisorOf(columns ? width : inputs, columns ? 12 : 8))};
  if (tile.pixels < 4 && !columns)
    tile.pixels = 1;
  if (columns && tile.channels * tile.pixels > 128)
    tile.channels /= 2;
  const int taps = (columns ? width : inputs) / tile.pixels;
  const int across = int(result.block) / tile.channels;
  // Kernel columns (or input channels) are the block's third direction: a few tiles alone would not fill a warp. There
  // a block has at most 64 threads, in all 256.
  const int deep = std::min({columns ? inputs : width, 256 / across, 64});
  const int downwards = std::min(gpuBlock(across, columns ? int(result.shape[2]) : taps, 8).down, 256 / across / deep);
  const int lanes = std::min(4, tile.channels);

  Var bg("bg"), bi("bi"), tg("tg"), ti("ti"), down("down"), thread("thread"), place("place"), rest("rest");
  partial.compute_root().split(b, bg, bi, tile.channels).split(tiled, tg, ti, tile.pixels).unroll(ti);
  partial.bound_extent(b, int(result.block))
      .bound_extent(i, inputs)
      .bound_extent(kx, width)
      .bound_extent(ky, int(result.shape[2]));
  partial.vectorize(bi, lanes).unroll(bi);
  if (columns) {
    partial.split(ky, down, thread, downwards, TailStrategy::GuardWithIf);
    partial.reorder({bi, ti, bg, thread, other, tg, down, block, chunk}).fuse(tg, down, rest).fuse(rest, block, place);
  } else {
    partial.split(tg, down, thread, downwards, TailStrategy::GuardWithIf);
    if (deep < width) { // A kernel wider than its blocks.
      Var far("far"), near("near"), group("group");
      partial.split(other, far, near, deep, TailStrategy::GuardWithIf);
      partial.reorder({bi, ti, bg, thread, near, far, down, ky, block, chunk}).fuse(far, down, group);
      other = near;
      down = group;
    } else {
      partial.reorder({bi, ti, bg, thread, other, down, ky, block, chunk});
    }
    partial.fuse(down, ky, rest).fuse(rest, block, place);
  }
  partial.gpu_blocks(place, chunk).gpu_threads(bg, thread, other);

  sum.compute_at(partial, bg).store_in(MemoryType::Register);
  sum.bound_extent(b, tile.channels).bound_extent(tiled, tile.pixels);
  sum.unroll(b).unroll(tiled);
  sum.update().reorder({b, tiled, stage.reduction[0], stage.reduction[1], stage.reduction[2]}).unroll(b).unroll(tiled);
  gradients.compute_at(sum, stage.reduction[0]).store_in(MemoryType::Register).bound_extent(c, tile.channels);
  gradients.vectorize(c, lanes).unroll(c);
  if (!columns) {
    pixels.compute_at(sum, stage.reduction[0]).store_in(MemoryType::Register).bound_extent(c, tile.pixels);
    pixels.vectorize(c, int(vectorDividing(tile.pixels, 4))).unroll(c);
  }
  shareOut(kernel.output, lanesOf(kernel));
}

} // namespace fovea
