#include "codegen/schedules/cpu/Schedules.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

// Each pixel is a dense layer of its own: a tile of `vectors` of outputs by `rows` of images, so that a pixel's weights are
// read once for several images. Pixels in parallel.
void scheduleLocal(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), tile = lanes * int(kernel.key("vectors", 1)),
            rows = int(kernel.key("rows", 1));
  Var co("co"), ci("ci"), no("no"), ni("ni"), task("task");
  Func output = kernel.output, sum = stage.sum;
  const bool plain = kernel.stages.back().results[0].spec.layout == LayoutKind::Plain;
  output.split(c, co, ci, tile, plain ? TailStrategy::GuardWithIf : TailStrategy::Auto)
      .split(n, no, ni, rows, TailStrategy::ShiftInwards)
      .reorder(ci, ni, no, co, x, y);
  if (!plain)
    output.vectorize(ci, lanes).unroll(ci).unroll(ni);
  sum.compute_at(output, no).store_in(MemoryType::Stack).bound_extent(c, tile).bound_extent(n, rows);
  sum.reorder(c, n, x, y).vectorize(c, lanes).unroll(c).unroll(n);
  sum.update().reorder(order({c, n}, stage.reduction)).vectorize(c, lanes).unroll(c).unroll(n);
  if (kernel.key("parallel", 0))
    output.fuse(x, y, task).parallel(task);
}

// As a dense layer's: `inputs` channels by `rows` images of sums, each a vector over the outputs that is added up last.
void scheduleLocalInputGradient(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), inputs = int(kernel.key("inputs", 1)),
            rows = int(kernel.key("rows", 1));
  Var co("co"), ci("ci"), no("no"), ni("ni"), lane("lane"), task("task");
  RVar vector("vector"), inVector("in_vector");
  Func output = kernel.output, sum = stage.sum;
  const bool plain = kernel.stages.back().results[0].spec.layout == LayoutKind::Plain;
  output.split(c, co, ci, inputs, plain ? TailStrategy::GuardWithIf : TailStrategy::Auto)
      .split(n, no, ni, rows, TailStrategy::ShiftInwards)
      .reorder(ci, ni, no, co, x, y);
  if (!plain)
    output.vectorize(ci).unroll(ni);
  sum.update().split(stage.reduction[0], vector, inVector, lanes);
  Func partial = sum.update().rfactor(inVector, lane);
  sum.compute_at(output, no).store_in(MemoryType::Stack).bound_extent(c, inputs).bound_extent(n, rows);
  sum.reorder(c, n, x, y).vectorize(c).unroll(n);
  addLanesByPairs(sum, inVector, lanes, {output, no}, inputs, rows);
  partial.compute_at(output, no).store_in(MemoryType::Stack).bound_extent(c, inputs).bound_extent(n, rows);
  partial.reorder_storage(lane, c, x, y, n).reorder(lane, c, n, x, y).vectorize(lane).unroll(c).unroll(n);
  partial.update().reorder(lane, c, n, vector, stage.reduction[1], stage.reduction[2], stage.reduction[3]);
  partial.update().vectorize(lane).unroll(c).unroll(n);
  if (kernel.key("parallel", 0))
    output.fuse(x, y, task).parallel(task);
}

// `vectors` of outputs by `taps` input channels of sums over the images. Pixels in parallel.
void scheduleLocalWeightGradient(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), tile = lanes * int(kernel.key("vectors", 1));
  int taps = int(kernel.key("taps", 1));
  if (kernel.updatesInPlace()) // Tiles must not overlap.
    taps = int(divisorOf(kernel.anchorOp().results[0].shape[3], taps));
  Var bo("bo"), bi("bi"), io("io"), ii("ii");
  Func output = kernel.output, sum = stage.sum;
  output.split(b, bo, bi, tile).split(i, io, ii, taps, TailStrategy::ShiftInwards);
  output.reorder(bi, ii, io, kx, ky, bo, block).vectorize(bi, lanes).unroll(bi).unroll(ii).parallel(block);
  sum.compute_at(output, io).store_in(MemoryType::Stack).bound_extent(b, tile).bound_extent(i, taps);
  sum.vectorize(b, lanes).unroll(b).unroll(i);
  sum.update().reorder(b, i, stage.reduction[0]).vectorize(b, lanes).unroll(b).unroll(i);
  holdUpdate(kernel, ii, b, tile, lanes);
}

void scheduleLocalBiasGradient(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1));
  Func output = kernel.output, sum = stage.sum;
  output.vectorize(c, lanes).parallel(y);
  holdUpdate(kernel, x, c, int(stage.results[0].spec.block), lanes);
  sum.compute_at(output, y).vectorize(c, lanes).update().reorder(c, x, stage.reduction[0]).vectorize(c, lanes);
}

} // namespace fovea
