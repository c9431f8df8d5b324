#include "codegen/BufferDims.h"
#include "codegen/schedules/cpu/Schedules.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

// The padded operand has the lanes of whole vectors.
void vectorizePadding(const ScheduledKernel &kernel) {
  const TensorSpec &operand = kernel.kernel.tensor(kernel.anchorOp().operands[0]);
  vectorizeChannels(kernel.anchor()->padding, int(vectorDividing(operand.block, 16)));
}

// A register tile of `vectors` vectors of channels by `pixels` pixels of a row: each step of the sum loads the vectors of
// the weight once and broadcasts a pixel for each FMA. A fused pooling keeps the rows of one of its own (`pooled`).
// LeNet at batch 64 on one core of an AMD EPYC (Zen 4, 110 GFLOP/s): conv1 with pooling (3 vectors of 8 by 8 pixels, 24 of
// 32 registers) reaches 80 % of the peak, conv2 (7 by 2) 90 %.
void scheduleConv2d(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), vectors = int(kernel.key("vectors", 1)),
            pixels = int(kernel.key("pixels", 1)), parallel = int(kernel.key("parallel", 0));
  const int tile = lanes * vectors;
  Var co("co"), ci("ci"), xo("xo"), xi("xi"), task("task");
  Func output = kernel.output, sum = stage.sum, padding = stage.padding;
  const TensorSpec &result = kernel.stages.back().results[0].spec;
  const bool plain = result.layout == LayoutKind::Plain;
  const TailStrategy channelTail = plain ? TailStrategy::GuardWithIf : TailStrategy::Auto;
  // A pooling reads a tile's channels by themselves; a normalization needs all channels of a row.
  const bool rows = !kernel.rows.empty(), allChannels = kernel.normalizes();

  Func tiled = rows ? kernel.rows.front().func : output;
  Var row = y, storage = n;
  if (!rows) {
    output.split(c, co, ci, tile, channelTail).split(x, xo, xi, pixels, TailStrategy::ShiftInwards);
    if (kernel.key("order", 0)) // All channels of a row, then the next.
      output.reorder(ci, xi, xo, co, y, n);
    else
      output.reorder(ci, xi, xo, y, co, n);
    if (!plain)
      output.vectorize(ci, lanes).unroll(ci).unroll(xi);
  } else if (allChannels) {
    const TensorSpec &spec = kernel.rows.front().spec;
    tiled.bound_extent(c, int(spec.block)).split(c, co, ci, tile, TailStrategy::RoundUp);
    tiled.split(x, xo, xi, pixels, TailStrategy::ShiftInwards).reorder(ci, xi, xo, co, y, n);
    tiled.vectorize(ci, lanes).unroll(ci).unroll(xi);
    if (!plain)
      output.vectorize(c, int(vectorDividing(result.block, lanes)));
    output.reorder(c, x, y, n);
  } else {
    output.split(c, co, ci, tile, channelTail).reorder(ci, x, y, co, n);
    if (!plain)
      output.vectorize(ci, lanes).unroll(ci);
    tiled.split(x, xo, xi, pixels, TailStrategy::ShiftInwards).reorder(c, xi, xo, y, n);
    tiled.bound_extent(c, tile).vectorize(c, lanes).unroll(c).unroll(xi);
    storage = co;
  }
  sum.compute_at(tiled, xo).store_in(MemoryType::Stack).bound_extent(c, tile);
  sum.vectorize(c, lanes).unroll(c).unroll(x);
  unrollSum(sum.update(), kernel, lanes, x, stage.reduction);

  // The loops over strips, channel tiles and images become one over tasks.
  Var strip("strip"), inner("inner"), tiles("tiles"), copied("copied"), images = n;
  if (parallel >= 3) { // Each strip computes the rows above and below it that its windows reach.
    output.split(y, strip, inner, int(kernel.key("rows", 1)), TailStrategy::GuardWithIf);
    row = inner;
  }
  const bool hasTiles = !rows || !allChannels, sharesInput = hasTiles && (parallel == 2 || parallel == 4);
  switch (parallel) {
  case 1:
    output.parallel(n);
    break;
  case 2:
    if (hasTiles)
      output.fuse(co, n, task);
    break;
  case 3:
    if (hasTiles) // Between the rows of a strip and the strips.
      kernel.key("order", 0) ? output.reorder(co, inner, strip, n) : output.reorder(inner, co, strip, n);
    output.fuse(strip, n, task);
    break;
  case 4:
    if (hasTiles)
      output.reorder(inner, strip, co, n).fuse(co, n, tiles).fuse(strip, tiles, task);
    else
      output.fuse(strip, n, task);
    break;
  }
  if (parallel >= 3 || sharesInput) {
    output.parallel(task);
    images = task;
    storage = parallel == 3 && rows && !allChannels ? co : task;
  }
  if (rows)
    computeRows(kernel, row, storage);
  if (padding.defined()) {
    if (sharesInput) // One copy for all tiles of channels.
      padding.compute_root().fuse(y, n, copied).parallel(copied);
    else
      padding.compute_at(output, images);
    vectorizePadding(kernel);
  }
}

// A tile of `vectors` vectors of output channels by `taps` input channels (columns of the kernel where there are few) holds
// the sums over the pixels of an image; image by image they are added to the chunk's partial sums, which stay in the L2
// cache. conv2 of LeNet at batch 64 reaches 90 % of the peak (AMD EPYC, Zen 4).
void scheduleConv2dWeightGradient(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), vectors = int(kernel.key("vectors", 1)),
            taps = int(kernel.key("taps", 1));
  const bool tapsAreColumns = kernel.key("taps_are_columns", 0);
  const int tile = lanes * vectors;
  Var bo("bo"), bi("bi"), to("to"), ti("ti");
  Func output = kernel.output, sum = stage.sum, partial = stage.partial;
  const RVar rx = stage.reduction[0], ry = stage.reduction[1], image = stage.reduction[2];
  const Var chunk("chunk"), tap = tapsAreColumns ? kx : i;

  output.vectorize(b, lanes).parallel(block);
  holdUpdate(kernel, i, b, int(stage.results[0].spec.block), lanes);
  partial.compute_root().vectorize(b, lanes).parallel(chunk);
  partial.update().split(b, bo, bi, tile).split(tap, to, ti, taps, TailStrategy::GuardWithIf);
  if (tapsAreColumns)
    partial.update().reorder(bi, ti, to, ky, i, bo, block, image, chunk);
  else
    partial.update().reorder(bi, ti, to, kx, ky, bo, block, image, chunk);
  partial.update().vectorize(bi, lanes).unroll(bi).unroll(ti).parallel(chunk);
  sum.compute_at(partial, to).store_in(MemoryType::Stack).bound_extent(b, tile).bound_extent(tap, taps);
  sum.vectorize(b, lanes).unroll(b).unroll(tap);
  sum.update().reorder(b, tap, rx, ry).vectorize(b, lanes).unroll(b).unroll(tap);
  if (stage.padding.defined()) {
    Func padding = stage.padding;
    padding.compute_at(partial, image);
    vectorizePadding(kernel);
  }
}

} // namespace fovea
