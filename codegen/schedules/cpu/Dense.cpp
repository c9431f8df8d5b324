#include "codegen/BufferDims.h"
#include "codegen/schedules/cpu/Schedules.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

namespace {

// Many images and a long sum: `block` inputs at a time for all images, so that a tile's part of the weight is read from
// memory once and from the L1 cache after that. The partial sums of a tile of outputs stay in the L1 cache meanwhile.
// AlexNet's fc6 and fc7 at batch 64 reach 86 % of the peak so, 51 % without (two cores of an AMD EPYC, Zen 4).
void scheduleBlockedDense(ScheduledKernel &kernel, Var co) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), tile = lanes * int(kernel.key("vectors", 1)),
            rows = int(kernel.key("rows", 1));
  Func sum = stage.sum;
  Var no("no"), ni("ni"), zo("zo"), zx("zx"), zy("zy");
  RVar ro("ro"), ri("ri");
  sum.compute_at(kernel.output, co).bound_extent(c, tile).vectorize(c, lanes).unroll(c);
  const int terms = int(kernel.key("block", 1)) / (stage.pair ? 2 : 1);
  sum.update().split(stage.reduction[0], ro, ri, terms);
  Func partial = sum.update().rfactor({{ro, zo}, {stage.reduction[1], zx}, {stage.reduction[2], zy}});
  sum.update().split(n, no, ni, rows).reorder({c, ni, no, ro, stage.reduction[1], stage.reduction[2]});
  sum.update().vectorize(c, lanes).unroll(c).unroll(ni);
  partial.compute_at(sum, no).store_in(MemoryType::Stack).bound_extent(c, tile).bound_extent(n, rows);
  partial.vectorize(c, lanes).unroll(c).unroll(n);
  unrollSum(partial.update(), kernel, lanes, n, {ri});
}

// One image, whose weight is read from memory: `streams` blocks of outputs side by side, 8 inputs of each in turn, so that
// a core reads that many streams at a time. Its prefetchers fetch each ahead by itself, and memory gives more. The sums of a
// block are in registers for its turn.
void scheduleStreams(ScheduledKernel &kernel, Var co, int block) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), streams = int(kernel.key("streams", 1));
  Func sum = stage.sum;
  Var stream("stream"), vector("vector"), inBlock("in_block"), lane("lane");
  RVar turn("turn"), term("term");
  sum.compute_at(kernel.output, co).store_in(MemoryType::Stack).bound_extent(c, streams * block);
  sum.vectorize(c, lanes);
  const RVar first = stage.reduction[0];
  const int64_t inputs = kernel.kernel.tensor(kernel.anchorOp().operands[1]).spatial[0],
                terms = stage.pair ? (inputs + 1) / 2 : inputs;
  Halide::Stage update = sum.update();
  update.split(c, stream, inBlock, block).split(inBlock, vector, lane, lanes);
  update.split(first, turn, term, int(divisorOf(terms, 8)));
  std::vector<VarOrRVar> inner{lane, vector, term, stream, n, turn};
  if (stage.pair)
    inner.insert(inner.begin(), *stage.pair);
  inner.insert(inner.end(), stage.reduction.begin() + 1, stage.reduction.end());
  update.reorder(inner);
  if (stage.pair)
    vectorizePair(update, kernel, lane);
  else
    update.vectorize(lane);
  update.unroll(vector).unroll(term);
}

} // namespace

// Batched: a tile of vectors of outputs by rows of images; at batch 1 the weights stream through once, in parallel.
// LeNet's ip1 at batch 64 reaches 98 % of the peak, at batch 1 reads its weights at 95 GB/s from the caches (AMD EPYC,
// Zen 4).
void scheduleDense(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), vectors = int(kernel.key("vectors", 1)),
            rows = int(kernel.key("rows", 1)), unroll = int(kernel.key("unroll", 1));
  const int streams = int(kernel.key("streams", 1)), tile = lanes * vectors * streams;
  Var co("co"), ci("ci"), no("no"), ni("ni");
  Func output = kernel.output, sum = stage.sum;
  const TensorSpec &result = kernel.stages.back().results[0].spec;
  const bool exact = bufferDims(result)[0].extent % tile == 0;
  const bool spatial = result.shape.size() == 4;
  output.split(c, co, ci, tile, exact ? TailStrategy::Auto : TailStrategy::GuardWithIf)
      .split(n, no, ni, rows, TailStrategy::ShiftInwards);
  if (spatial)
    output.reorder(ci, ni, no, co, x, y);
  else
    output.reorder(ci, ni, no, co);
  if (exact)
    output.vectorize(ci, lanes).unroll(ci).unroll(ni);
  if (kernel.key("parallel", 0))
    output.parallel(spatial ? y : co);
  if (kernel.key("block", 0))
    return scheduleBlockedDense(kernel, co);
  if (streams > 1)
    return scheduleStreams(kernel, co, lanes * vectors);
  sum.compute_at(output, no).store_in(MemoryType::Stack).bound_extent(c, tile);
  if (spatial)
    sum.reorder(c, n, x, y).update().reorder(order({c, n}, stage.reduction));
  sum.vectorize(c, lanes).unroll(c).unroll(n);
  unrollSum(sum.update(), kernel, lanes, n, stage.reduction);
  if (unroll > 1)
    sum.update().unroll(stage.reduction[0], unroll);
}

namespace {

// Of few outputs: a tile of `inputs` by `rows` images, in vectors of inputs, that reads its weights from the L1 cache.
// LeNet's ip2 at batch 64 on one core of an AMD EPYC (Zen 4, 118 GFLOP/s): 13 us, 39 us with sums across lanes.
void scheduleInputGradientOfFew(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int inputs = int(kernel.key("inputs", 1)), rows = int(kernel.key("rows", 1));
  const int lanes = int(vectorDividing(inputs, kernel.target.vectorLanes));
  Var co("co"), ci("ci"), no("no"), ni("ni");
  Func output = kernel.output, sum = stage.sum, packed = stage.packed;
  output.split(c, co, ci, inputs).split(n, no, ni, rows, TailStrategy::ShiftInwards).reorder(ci, ni, co, no);
  output.vectorize(ci, lanes).unroll(ci).unroll(ni);
  sum.compute_at(output, co).store_in(MemoryType::Stack).bound_extent(c, inputs).bound_extent(n, rows);
  sum.vectorize(c, lanes).unroll(c).unroll(n);
  sum.update().reorder(c, n, stage.reduction[0]).vectorize(c, lanes).unroll(c).unroll(n);
  packed.compute_root().bound_extent(c, int(stage.results[0].spec.block)).vectorize(c, lanes);
  if (kernel.key("parallel", 0))
    output.parallel(no);
}

} // namespace

// Sums over the weight's innermost dimension: `inputs` channels by `rows` images of partial sums, each a vector over
// the outputs, that are added up across their lanes last. No copy of the weight in another order is needed. With `block`,
// that many outputs at a time for all images: the weights of a tile of inputs for them are read from the L1 cache by all
// images after the first, and the partial sums wait there meanwhile. AlexNet's fc6 at batch 64 on two cores of an AMD EPYC
// (Zen 4) so reaches 70 % of the peak, 51 % without.
void scheduleDenseInputGradient(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), inputs = int(kernel.key("inputs", 1)),
            rows = int(kernel.key("rows", 1));
  if (stage.packed.defined())
    return scheduleInputGradientOfFew(kernel);
  const bool spatial = kernel.stages.back().results[0].spec.shape.size() == 4;
  Var co("co"), ci("ci"), no("no"), ni("ni"), lane("lane"), task("task");
  RVar vector("vector"), inVector("in_vector");
  Func output = kernel.output, sum = stage.sum;
  output.split(c, co, ci, inputs).split(n, no, ni, rows, TailStrategy::ShiftInwards);
  if (spatial)
    output.reorder(ci, ni, no, co, x, y);
  else
    output.reorder(ci, ni, no, co);
  output.vectorize(ci).unroll(ni).never_partition(no); // A shifted tile is no other loop, of which LLVM makes less.
  sum.update().split(stage.reduction[0], vector, inVector, lanes);
  Func partial = sum.update().rfactor(inVector, lane);
  sum.compute_at(output, no).store_in(MemoryType::Stack).bound_extent(c, inputs).bound_extent(n, rows);
  sum.vectorize(c).unroll(n);
  addLanesByPairs(sum, inVector, lanes, {output, no}, inputs, rows);
  auto storeLanesFirst = [&](Func f) { spatial ? f.reorder_storage(lane, c, x, y, n) : f.reorder_storage(lane, c, n); };
  // The inner loop's vectors stay in registers beside the sums, so it is the shorter one: with the longer, one of 24
  // sums and more spilled. AlexNet's fc6 and fc7 at batch 64 take 0.7 to 0.8 of that time on x86-64-v3, 0.75 to 0.95 on
  // v4.
  const Var &shorter = rows < inputs ? n : c, &longer = rows < inputs ? c : n;
  auto holdInRegisters = [&](Func f, const std::vector<RVar> &terms) {
    f.store_in(MemoryType::Stack).bound_extent(c, inputs).bound_extent(n, rows);
    f.vectorize(lane).unroll(c).unroll(n);
    f.update().reorder(order({lane, shorter, longer}, terms)).vectorize(lane).unroll(c).unroll(n);
  };
  if (const int block = int(kernel.key("block", 0))) {
    const int perBlock = int(kernel.kernel.tensor(kernel.anchorOp().operands[1]).block);
    Var zb("zb"), po("po"), pi("pi");
    RVar ro("ro"), ri("ri");
    partial.update().split(stage.reduction[1], ro, ri, block / perBlock);
    Func part = partial.update().rfactor(ro, zb);
    storeLanesFirst(partial), storeLanesFirst(part);
    partial.compute_at(output, co).bound_extent(c, inputs).vectorize(lane).unroll(c);
    partial.update().split(n, po, pi, rows, TailStrategy::GuardWithIf).reorder(lane, c, pi, po, ro).vectorize(lane).unroll(c).unroll(pi);
    part.compute_at(partial, po);
    holdInRegisters(part, {vector, ri});
  } else {
    storeLanesFirst(partial);
    partial.compute_at(output, no);
    holdInRegisters(partial, {vector, stage.reduction[1]});
  }
  if (kernel.key("parallel", 0)) {
    if (spatial)
      output.fuse(x, y, task).parallel(task);
    else
      output.parallel(co);
  }
}

// A tile of `vectors` of outputs by `taps` of inputs sums over the images, whose gradients are packed for each task: as
// they lie, a power of two apart, they fall into the same few cache lines. Tiles follow each other as the weight lies
// in memory. An update is the tile's tail: each weight and its momentum are read and written once, while the gradient
// is in registers; tiles do not overlap. AlexNet's fc6 at batch 64 on one core of an AMD EPYC (Zen 4, 118 GFLOP/s): 53
// ms, 77 % of the peak (67 ms unpacked); 70 ms with the update, which alone takes 15 ms.
void scheduleDenseWeightGradient(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), tile = lanes * int(kernel.key("vectors", 1));
  int taps = int(kernel.key("taps", 1));
  if (kernel.updatesInPlace())
    taps = int(divisorOf(kernel.anchorOp().results[0].spatial[0], taps));
  Var bo("bo"), bi("bi"), io("io"), ii("ii"), task("task");
  Func output = kernel.output, sum = stage.sum;
  output.split(b, bo, bi, tile)
      .split(i, io, ii, taps, TailStrategy::ShiftInwards)
      .reorder(bi, ii, bo, io, kx, ky, block);
  output.vectorize(bi, lanes).unroll(bi).unroll(ii).fuse(ky, block, task).parallel(task);
  sum.compute_at(output, bo).store_in(MemoryType::Stack).bound_extent(b, tile).bound_extent(i, taps);
  sum.vectorize(b, lanes)
      .unroll(b)
      .unroll(i)
      .update()
      .reorder(b, i, stage.reduction[0])
      .vectorize(b, lanes)
      .unroll(b)
      .unroll(i);
  holdUpdate(kernel, ii, b, tile, lanes);
  Func packed = stage.packed;
  packed.compute_at(output, task).bound_extent(b, int(stage.results[0].spec.block)).vectorize(b, lanes);
}

} // namespace fovea
