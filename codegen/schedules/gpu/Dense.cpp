#include "codegen/schedules/gpu/Schedules.h"

#include <algorithm>
#include <numeric>

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

// A tile of outputs by images, of one part of the sum. In a batch, parts are launched by themselves and added up, in
// their order, where the result is stored. One image or a few read each weight once: the parts of a block's outputs are
// its threads, which leave their sums in shared memory.
void scheduleGpuDense(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const OpSpec &op = kernel.anchorOp();
  const TensorSpec &weight = kernel.kernel.tensor(op.operands[1]), &result = op.results[0];
  const int images = int(result.shape[0]), channels = int(kernel.kernel.tensor(op.operands[0]).shape[1]);
  const bool batched = images % 8 == 0;
  Func output = kernel.output, sum = stage.sum, partial = stage.partial, pixels = stage.pixels, weights = stage.weights;
  RVar ro("ro"), ri("ri");
  Var cg("cg"), ci("ci"), ct("ct"), co("co"), pg("pg"), pi("pi"), pt("pt"), po("po"), part = partial.args()[2];
  const int parts = stage.parts, terms = channels / parts;
  GpuTile tile{int(vectorDividing(std::gcd(weight.block, result.block), 4)), 1};
  if (batched)
    tile = gpuTile(std::gcd(weight.block, result.block), images, true, physicalElements(result) * parts);
  const int step = int(vectorDividing(terms, tile.pixels > 8 ? 2 : 4));
  if (batched) {
    partial.split(c, cg, ci, tile.channels).unroll(ci);
    const GpuBlock threads = gpuBlock(result.block / tile.channels, images / tile.pixels, 128 / tile.channels);
    partial.split(cg, co, ct, threads.across, TailStrategy::GuardWithIf);
    partial.split(n, pg, pi, tile.pixels, TailStrategy::RoundUp)
        .split(pg, po, pt, threads.down, TailStrategy::GuardWithIf);
    partial.reorder(ci, pi, ct, pt, co, po, part).unroll(pi).gpu_blocks(co, po, part).gpu_threads(ct, pt);
    partial.compute_root().bound_extent(c, int(result.block)).bound_extent(n, images);
    shareOut(output, lanesOf(kernel));
  } else {
    // Eight times four outputs in a row of the weight are 128 bytes.
    const TensorSpec &last = kernel.stages.back().results[0].spec;
    const int64_t written = last.layout == LayoutKind::Plain ? result.shape[1] : result.block;
    tile.channels = int(std::gcd(tile.channels, written));
    const int across = int(divisorOf(written / tile.channels, 8)), width = across * tile.channels;
    Var outputs("outputs"), lane("lane"), quad("quad");
    output.split(c, outputs, quad, width).split(quad, quad, lane, tile.channels).reorder(lane, quad, outputs, n);
    output.gpu_blocks(outputs, n).gpu_threads(quad);
    partial.compute_at(output, outputs).store_in(MemoryType::GPUShared).bound_extent(c, width).bound_extent(n, 1);
    partial.split(c, cg, ci, tile.channels).unroll(ci).reorder(ci, cg, part, n).gpu_threads(cg, part);
  }
  sum.compute_at(partial, batched ? ct : cg).store_in(MemoryType::Register);
  sum.bound_extent(c, tile.channels).bound_extent(n, tile.pixels).bound_extent(part, 1);
  sum.unroll(c).unroll(n);
  sum.update()
      .split(stage.reduction[0], ro, ri, step)
      .reorder({c, n, ri, ro, stage.reduction[1], stage.reduction[2], part});
  sum.update().unroll(c).unroll(n).unroll(ri);
  pixels.compute_at(sum, ro).store_in(MemoryType::Register).bound_extent(c, step).bound_extent(n, tile.pixels);
  pixels.vectorize(c, step).unroll(n);
  weights.compute_at(sum, ri).store_in(MemoryType::Register).bound_extent(c, tile.channels);
  weights.vectorize(c, std::min(4, tile.channels)).unroll(c);
}

// The weight is read as it lies, outputs innermost: a step of the sum takes four outputs of each of the thread's inputs
// and of each of its images.
void scheduleGpuDenseInputGradient(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const OpSpec &op = kernel.anchorOp();
  const TensorSpec &weight = kernel.kernel.tensor(op.operands[1]), &result = op.results[0];
  const TensorSpec &last = kernel.stages.back().results[0].spec;
  const bool spatial = last.shape.size() == 4;
  const int images = int(result.shape[0]);
  const int64_t written = last.layout == LayoutKind::Plain ? result.shape[1] : result.block;
  GpuTile tile = gpuTile(written, images, true, physicalElements(result));
  if (tile.channels > 8)
    tile.channels = 8;
  const GpuBlock threads = gpuBlock(written / tile.channels, images / tile.pixels, 8);
  Func output = kernel.output, sum = stage.sum, gradients = stage.pixels, weights = stage.weights;
  RVar ro("ro"), ri("ri");
  Var cg("cg"), ci("ci"), ct("ct"), co("co"), pg("pg"), pi("pi"), pt("pt"), po("po"), place("place");
  output.split(c, cg, ci, tile.channels).split(cg, co, ct, threads.across, TailStrategy::GuardWithIf);
  output.split(n, pg, pi, tile.pixels).split(pg, po, pt, threads.down, TailStrategy::GuardWithIf).unroll(pi);
  if (last.layout == LayoutKind::Plain)
    output.unroll(ci);
  else
    output.vectorize(ci, int(vectorDividing(tile.channels, 4))).unroll(ci);
  if (spatial)
    output.reorder({ci, pi, ct, pt, co, po, x, y}).fuse(x, y, place).gpu_blocks(co, po, place).gpu_threads(ct, pt);
  else
    output.reorder(ci, pi, ct, pt, co, po).gpu_blocks(co, po).gpu_threads(ct, pt);
  const int step = int(vectorDividing(weight.block, 4));
  sum.compute_at(output, ct).store_in(MemoryType::Register).bound_extent(c, tile.channels).bound_extent(n, tile.pixels);
  sum.unroll(c).unroll(n).update().split(stage.reduction[0], ro, ri, step);
  if (spatial)
    sum.update().reorder({c, n, ri, ro, stage.reduction[1], x, y});
  else
    sum.update().reorder({c, n, ri, ro, stage.reduction[1]});
  sum.update().unroll(c).unroll(n).unroll(ri);
  gradients.compute_at(sum, ro).store_in(MemoryType::Register).bound_extent(c, step).bound_extent(n, tile.pixels);
  gradients.vectorize(c, step).unroll(n);
  weights.compute_at(sum, ro).store_in(MemoryType::Register).bound_extent(b, step).bound_extent(i, tile.channels);
  weights.vectorize(b, step).unroll(i);
}

// A tile of outputs by inputs sums over the images; an update follows while the gradient is in registers.
void scheduleGpuDenseWeightGradient(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const TensorSpec &result = kernel.anchorOp().results[0];
  const int inputs = int(result.spatial[0]);
  const GpuTile tile = gpuTile(result.block, inputs, true, physicalElements(result));
  const GpuBlock threads = gpuBlock(result.block / tile.channels, inputs / tile.pixels, 8);
  Func output = kernel.output, sum = stage.sum, gradients = stage.packed, pixels = stage.pixels;
  Var bg("bg"), bi("bi"), ig("ig"), ii("ii"), it("it"), io("io"), place("place");
  const int lanes = std::min(4, tile.channels);
  output.split(b, bg, bi, tile.channels)
      .split(i, ig, ii, tile.pixels)
      .split(ig, io, it, threads.down, TailStrategy::GuardWithIf);
  output.reorder({bi, ii, bg, it, io, kx, ky, block}).fuse(kx, ky, place).vectorize(bi, lanes).unroll(bi).unroll(ii);
  output.gpu_blocks(io, place, block).gpu_threads(bg, it);
  sum.compute_at(output, bg).store_in(MemoryType::Register).bound_extent(b, tile.channels).bound_extent(i, tile.pixels);
  sum.unroll(b).unroll(i).update().reorder(b, i, stage.reduction[0]).unroll(b).unroll(i);
  gradients.compute_at(sum, stage.reduction[0]).store_in(MemoryType::Register).bound_extent(b, tile.channels);
  gradients.vectorize(b, lanes).unroll(b);
  pixels.compute_at(sum, stage.reduction[0]).store_in(MemoryType::Register).bound_extent(i, tile.pixels);
  pixels.vectorize(i, int(vectorDividing(tile.pixels, 4))).unroll(i);
}

} // namespace fovea
