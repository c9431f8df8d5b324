#include "codegen/schedules/gpu/Schedules.h"

#include <algorithm>
#include <numeric>

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

// Each thread holds the sums of `channels` by `pixels` in registers. Its pixels are the same place in some images where
// there are enough: then they lie a constant apart, all inside their image or none, and divide any batch that is a
// multiple of them, whatever the size of the image. Else they follow each other in a row. A step of the sum reads four
// channels of each pixel at once, and for each of them the weights of all its channels; threads of a warp share both
// through the L1 cache, so that no memory is shared by hand and no thread waits for another. A pooling behind it is a
// launch of its own.
void scheduleGpuConv2d(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const OpSpec &op = kernel.anchorOp();
  const TensorSpec &weight = kernel.kernel.tensor(op.operands[1]);
  const TensorSpec &result = op.results[0], &last = kernel.stages.back().results[0].spec;
  const int images = int(result.shape[0]), width = int(result.shape[3]), groups = int(integer(op, "groups", 1));
  const bool together = images % 8 == 0, plain = last.layout == LayoutKind::Plain;
  const int64_t written = plain ? result.shape[1] : result.block;
  int64_t channels = std::gcd(weight.block, written);
  if (groups > 1)
    channels = std::gcd(channels, result.shape[1] / groups);
  const auto stride = list(op, "stride", {1, 1});
  // With 16 of them registers do not suffice: of the loop a fifth would be moves, or sums would spill.
  if (op.op == "conv2d_input_gradient" && (groups > 1 || stride[0] > 1 || stride[1] > 1))
    channels = std::gcd(channels, 8);
  const bool pooled = !kernel.rows.empty();
  // A pooling may read fewer columns than there are: a tile of them could lie outside.
  const GpuTile tile = gpuTile(channels, together ? images : pooled ? 1 : width, together, physicalElements(result));
  const int down = (together ? images : width) / tile.pixels + !together;
  const GpuBlock threads = gpuBlock(int(written) / tile.channels, down, 128 / tile.channels);

  Func output = pooled ? kernel.rows.front().func : kernel.output, sum = stage.sum, pixels = stage.pixels,
       weights = stage.weights;
  Var cg("cg"), ci("ci"), ct("ct"), co("co"), pg("pg"), pi("pi"), pt("pt"), po("po"), place("place");
  const Var tiled = together ? n : x, other = together ? x : n;
  output.split(c, cg, ci, tile.channels).split(cg, co, ct, threads.across, TailStrategy::GuardWithIf);
  output.split(tiled, pg, pi, tile.pixels, together ? TailStrategy::Auto : TailStrategy::ShiftInwards);
  output.split(pg, po, pt, threads.down, TailStrategy::GuardWithIf);
  output.reorder({ci, pi, ct, pt, co, po, other, y}).fuse(other, y, place);
  output.gpu_blocks(co, po, place).gpu_threads(ct, pt).unroll(pi);
  const int lanes = std::min(4, tile.channels);
  if (plain)
    output.unroll(ci);
  else
    output.vectorize(ci, lanes).unroll(ci);

  if (pooled) {
    output.compute_root();
    shareOut(kernel.output, lanesOf(kernel));
  }

  sum.compute_at(output, ct).store_in(MemoryType::Register);
  sum.bound_extent(c, tile.channels).bound_extent(tiled, tile.pixels).bound_extent(other, 1).bound_extent(y, 1);
  sum.reorder(c, tiled, other, y).unroll(c).unroll(tiled);
  const bool isForward = op.op == "conv2d";
  const int64_t terms = isForward ? weight.shape[1] : weight.shape[0] / groups;
  const int step = int(vectorDividing(terms, tile.pixels > 8 ? 2 : 4));
  RVar ro("ro"), ri("ri");
  sum.update().split(stage.reduction[0], ro, ri, step);
  sum.update().reorder({c, tiled, ri, ro, stage.reduction[1], stage.reduction[2], other, y});
  sum.update().unroll(c).unroll(tiled).unroll(ri);
  const bool strided = !together && stride[1] > 1;
  if (!strided || isForward) { // Else each pixel of a row meets other weights.
    weights.compute_at(sum, ri).store_in(MemoryType::Register).bound_extent(c, tile.channels);
    weights.bound_extent(i, 1).bound_extent(kx, 1).bound_extent(ky, 1).vectorize(c, lanes).unroll(c);
    if (weights.args().size() == 6) // Of a strided tap.
      weights.bound_extent(x, 1).bound_extent(y, 1);
  }
  if (strided)
    return; // Pixels of a row lie apart.
  pixels.compute_at(sum, ro).store_in(MemoryType::Register);
  pixels.bound_extent(c, step).bound_extent(tiled, tile.pixels).bound_extent(other, 1).bound_extent(y, 1);
  pixels.reorder(c, tiled, other, y).vectorize(c, step).unroll(tiled);
}

} // namespace fovea
