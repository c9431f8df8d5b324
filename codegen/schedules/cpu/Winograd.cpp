#include "codegen/BufferDims.h"
#include "codegen/schedules/cpu/Schedules.h"

#include <algorithm>

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
const Var tile("tile");

/// Each number of a tile is straight code over a vector of channels; `rows` stays in registers, or beside them.
void unrollTransform(TileTransform &transform, Var lane, int lanes, LoopLevel within) {
  transform.rows.compute_at(within).store_in(MemoryType::Stack).bound_extent(kx, transform.to);
  transform.rows.reorder(lane, kx, ky).vectorize(lane, lanes).unroll(kx).unroll(ky);
}

/// The transforms of an image's tiles, `across` of them in a row, whose channels are `channels` lanes wide or stand in
/// blocks.
void scheduleTiles(TileTransform &transform, int channels, int lanes, int across, bool parallel, Func *padding) {
  Var co("co"), ci("ci"), row("row"), column("column");
  const bool blocks = transform.all.args().front().name() == b.name();
  const Var lane = blocks ? b : c;
  transform.all.bound_extent(kx, transform.to).bound_extent(ky, transform.to);
  transform.all.split(lane, co, ci, lanes, TailStrategy::RoundUp).split(tile, row, column, across);
  if (blocks)
    transform.all.reorder(ci, kx, ky, co, block, column, row);
  else
    transform.all.bound_extent(c, channels).reorder(ci, kx, ky, co, column, row);
  transform.all.vectorize(ci).unroll(kx).unroll(ky);
  if (parallel)
    transform.all.parallel(row);
  unrollTransform(transform, lane, lanes, LoopLevel(transform.all, co));
  if (padding && padding->defined())
    padding->compute_at(transform.all, row).bound_extent(c, channels).vectorize(c, lanes);
}

/// The numbers of a tile lie apart by all tiles of a place. An even number of them, of channels in an even number of
/// cache lines, would make the places meet in the same few sets of the first-level cache, which a transform reads or
/// writes all of at once.
void keepPlacesApart(Func transformed, int channels, int tiles) {
  constexpr int line = 16;
  if (tiles % 2 == 0 && channels % (2 * line) == 0)
    transformed.align_storage(c, channels + line).align_storage(tile, tiles + 1);
}

int lanesOf(int64_t extent, const ScheduledKernel &kernel) {
  return int(vectorDividing(extent, kernel.key("lanes", 1)));
}

} // namespace

void scheduleWinogradWeight(ScheduledKernel &kernel) {
  Stage &stage = kernel.stages.front();
  TileTransform &transform = stage.transforms.front();
  const int lanes = int(vectorDividing(stage.results[0].spec.block, kernel.target.vectorLanes));
  Var bo("bo"), bi("bi");
  Func output = kernel.output;
  output.split(b, bo, bi, lanes).reorder(bi, kx, ky, i, bo, block).vectorize(bi).unroll(kx).unroll(ky).parallel(block);
  unrollTransform(transform, b, lanes, LoopLevel(output, i));
}

// The products are t * t matrix products: `vectors` of output channels by `tiles` tiles in registers, over the input
// channels. A task takes `images` images through all stages, so that what is between them stays in its caches; where
// there are fewer images than threads, the stages themselves run in parallel: rows of tiles, then places in the tile,
// then rows again. AlexNet at batch 64 on two cores of an AMD EPYC (Zen 4, 236 GFLOP/s): the arithmetic of conv2 to
// conv5 runs at 77 to 85 % of the peak, so that conv2 is as fast as a direct convolution of 820 GFLOP/s would be, the
// others of 490. The input gradient differs in the last stage, which gathers each pixel from the tiles that it lies in.
void scheduleWinogradConv2d(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const OpSpec &op = kernel.anchorOp();
  const TensorSpec &in = kernel.kernel.tensor(op.operands[0]);
  const TensorSpec &convolved = op.results[0], &result = kernel.stages.back().results[0].spec;
  const int lanes = int(kernel.key("lanes", 1)), vectors = int(kernel.key("vectors", 1)),
            pixels = int(kernel.key("pixels", 1)), images = int(kernel.key("images", 1));
  const bool batched = kernel.key("parallel", 1) == 1, plain = result.layout == LayoutKind::Plain;
  TileTransform data = stage.transforms[0], back = stage.transforms[1];
  const TensorSpec &tiled = op.op == "winograd_input_gradient" ? in : convolved;
  const int size = int(std::get<int64_t>(op.attributes.at("tile"))), across = int((tiled.shape[3] + size - 1) / size),
            down = int((tiled.shape[2] + size - 1) / size);
  const int channels = int(convolved.block), tileLanes = lanes * vectors;
  const int taskImages = batched ? images : int(convolved.shape[0]);
  Func output = kernel.output, products = stage.products, sum = stage.sum, padding = stage.padding;
  Var task("task"), image("image"), co("co"), ci("ci"), to("to"), ti("ti"), place("place"), row("row"),
      column("column"), strip("strip"), inner("inner");
  RVar steps("steps"), step("step");

  // The output, with all that follows the convolution: rows for a pooling or normalization, pixels otherwise.
  if (plain)
    output.reorder(x, c, y, n);
  else
    output.vectorize(c, int(vectorDividing(result.block, kernel.target.vectorLanes)));
  Var rowVar = y, storage = n;
  if (batched) {
    output.split(n, task, image, images).parallel(task);
    storage = image;
  } else {
    output.split(y, strip, inner, int(kernel.key("rows", 1)), TailStrategy::GuardWithIf).parallel(strip);
    rowVar = inner;
    storage = strip;
  }
  if (!kernel.rows.empty()) {
    Func first = kernel.rows.front().func;
    Var fo("fo"), fi("fi");
    first
        .split(c, fo, fi, int(vectorDividing(kernel.rows.front().spec.block, kernel.target.vectorLanes)),
               TailStrategy::RoundUp)
        .vectorize(fi);
    computeRows(kernel, rowVar, storage);
  }

  auto computed = [&](Func f, Var where) -> Func { return batched ? f.compute_at(output, where) : f.compute_root(); };
  computed(data.all, task);
  computed(products, task);
  computed(back.all, image);

  const int tiles = across * down * taskImages;
  keepPlacesApart(data.all, int(in.block), tiles);
  keepPlacesApart(products, channels, tiles);
  scheduleTiles(data, int(in.block), lanesOf(in.block, kernel), across, !batched, &padding);
  data.all.bound_extent(tile, tiles);

  products.bound_extent(c, channels).bound_extent(tile, tiles);
  products.bound_extent(kx, data.to).bound_extent(ky, data.to);
  products.split(c, co, ci, tileLanes, TailStrategy::RoundUp).split(tile, to, ti, pixels, TailStrategy::ShiftInwards);
  products.reorder(ci, ti, to, co, kx, ky).vectorize(ci, lanes).unroll(ci).unroll(ti);
  if (!batched)
    products.fuse(kx, ky, place).parallel(place);
  sum.compute_at(products, to).store_in(MemoryType::Stack).bound_extent(c, tileLanes);
  sum.vectorize(c, lanes).unroll(c).unroll(tile);
  const TensorSpec &weight = kernel.kernel.tensor(op.operands[1]);
  const bool transposed = weight.layout == LayoutKind::WeightTransposed;
  const int inBlock = int(weight.shape[transposed ? 0 : 1]);
  const int terms = transposed ? inBlock / int(integer(op, "groups", 1)) : inBlock;
  const int unrolled = int(divisorOf(terms, kernel.key("unroll", 1)));
  const RVar r = stage.reduction[0];
  sum.update().reorder(order({c, tile}, stage.reduction)).split(r, steps, step, unrolled);
  sum.update().vectorize(c, lanes).unroll(c).unroll(tile).unroll(step);
  if (kernel.key("prefetch", 0))
    kernel.prefetches.push_back({.operand = "in" + std::to_string(op.operands[1]),
                                 .loop = products.name() + ".s0." + tile.name() + "." + to.name(),
                                 .terms = sum.name() + ".s1." + r.name() + "." + steps.name(),
                                 .passes = (tiles + pixels - 1) / pixels,
                                 .count = terms,
                                 .unrolled = unrolled,
                                 .elements = int(weight.block),
                                 .ahead = data.to * data.to * inBlock});

  back.all.bound_extent(c, channels).bound_extent(kx, back.to).bound_extent(ky, back.to);
  back.all.split(c, co, ci, lanes, TailStrategy::RoundUp).split(tile, row, column, across);
  back.all.reorder(ci, kx, ky, co, column, row).reorder_storage(c, kx, ky, tile).vectorize(ci).unroll(kx).unroll(ky);
  if (!batched)
    back.all.parallel(row);
  unrollTransform(back, c, lanes, LoopLevel(back.all, co));
}

namespace {

/// Into how many chunks `steps` of a batch are cut, each with a sum of its own: what keeps all cores busy for as short as can
/// be, and of that the fewest, since every sum is written and read again. LeNet's conv2 at batch 64 on two cores of an Intel
/// Xeon (family 6 model 207) takes 0.84 of the time with two chunks that it takes with eight.
int chunksOf(int steps, int cores) {
  constexpr int most = 8; // Sums in memory.
  int best = 1, least = steps;
  for (int chunks = 2; chunks <= std::min(steps, most); ++chunks) {
    if (steps % chunks != 0)
      continue;
    if (const int turns = (chunks + cores - 1) / cores * (steps / chunks); turns < least) {
      least = turns;
      best = chunks;
    }
  }
  return best;
}

// The images' transforms and their products, for the whole batch: the products of a place in the tile are a matrix
// product over all tiles.
void multiplyBatch(ScheduledKernel &kernel, int across, int down) {
  Stage &stage = kernel.stages.front();
  const TensorSpec &in = kernel.kernel.tensor(kernel.anchorOp().operands[0]),
                   &dy = kernel.kernel.tensor(kernel.anchorOp().operands[1]);
  const int lanes = int(kernel.key("lanes", 1)), tileLanes = lanes * int(kernel.key("vectors", 1)),
            taps = int(kernel.key("taps", 1)), width = int(kernel.anchorOp().results[0].block);
  TileTransform &data = stage.transforms[0], &gradient = stage.transforms[1];
  Func products = stage.products, sum = stage.sum;
  Var bo("bo"), bi("bi"), io("io"), ii("ii"), place("place");

  // A tile's numbers lie apart by all tiles of a place. An odd number of them keeps the places from meeting in the same
  // few sets of the caches: LeNet's conv2 takes 0.73 of the time.
  for (TileTransform *transform : {&data, &gradient})
    transform->all.compute_root()
        .reorder_storage(b, tile, kx, ky, block)
        .align_storage(tile, (int(dy.shape[0]) * across * down) | 1);
  scheduleTiles(data, int(in.block), lanesOf(in.block, kernel), across, true, &stage.padding);
  gradient.all.bound_extent(b, width);
  scheduleTiles(gradient, int(dy.block), lanesOf(width, kernel), across, true, nullptr);

  products.compute_root().bound_extent(b, width).bound_extent(kx, data.to).bound_extent(ky, data.to);
  products.split(b, bo, bi, tileLanes).split(i, io, ii, taps, TailStrategy::ShiftInwards);
  products.reorder(bi, ii, io, bo, block, kx, ky).vectorize(bi, lanes).unroll(bi).unroll(ii);
  products.fuse(kx, ky, place).parallel(place);
  sum.compute_at(products, io).store_in(MemoryType::Stack).bound_extent(b, tileLanes).bound_extent(i, taps);
  sum.vectorize(b, lanes)
      .unroll(b)
      .unroll(i)
      .update()
      .reorder(order({b, i}, stage.reduction))
      .vectorize(b, lanes)
      .unroll(b)
      .unroll(i);
}

// The same for `images` images at a time, whose transforms then stay in the second-level cache, as does the sum of
// their products. The batch is cut into a few chunks with a sum each, which run in parallel and are added up last in
// their order, so that the result does not depend on the number of threads. LeNet's conv2 at batch 64 takes 0.80 of the
// time on one core of an AMD EPYC (Zen 4).
void multiplyInSteps(ScheduledKernel &kernel, int across, int down, int images) {
  Stage &stage = kernel.stages.front();
  const TensorSpec &in = kernel.kernel.tensor(kernel.anchorOp().operands[0]),
                   &dy = kernel.kernel.tensor(kernel.anchorOp().operands[1]);
  const int lanes = int(kernel.key("lanes", 1)), tileLanes = lanes * int(kernel.key("vectors", 1)),
            width = int(kernel.anchorOp().results[0].block), batch = int(dy.shape[0]);
  const int taps = int(divisorOf(kernel.anchorOp().results[0].shape[1], kernel.key("taps", 1)));
  const int perImage = across * down, perStep = perImage * images;
  const int perChunk = perImage * batch / chunksOf(batch / images, kernel.target.cores);
  TileTransform &data = stage.transforms[0], &gradient = stage.transforms[1];
  Func sum = stage.sum;
  Var bo("bo"), bi("bi"), io("io"), ii("ii"), place("place"), chunk("chunk"), part("part");
  RVar chunks("chunks"), rest("rest"), step("step"), term("term");

  sum.compute_root().bound_extent(b, width).bound_extent(kx, data.to).bound_extent(ky, data.to).vectorize(b, lanes);
  sum.update().split(stage.reduction[0], chunks, rest, perChunk).split(rest, step, term, perStep);
  Func ofChunk = sum.update().rfactor(chunks, chunk);
  sum.update()
      .reorder(b, chunks, i, block, kx, ky)
      .vectorize(b, lanes)
      .unroll(chunks)
      .fuse(kx, ky, place)
      .parallel(place);
  Func ofStep = ofChunk.update().rfactor(step, part);
  ofChunk.compute_root().bound_extent(b, width).bound_extent(kx, data.to).bound_extent(ky, data.to);
  ofChunk.vectorize(b, lanes).parallel(chunk);
  ofChunk.update()
      .split(b, bo, bi, tileLanes)
      .split(i, io, ii, taps)
      .reorder({bi, ii, io, bo, block, kx, ky, step, chunk});
  ofChunk.update().vectorize(bi, lanes).unroll(bi).unroll(ii).parallel(chunk);
  ofStep.compute_at(ofChunk, io).store_in(MemoryType::Stack).bound_extent(b, tileLanes).bound_extent(i, taps);
  ofStep.vectorize(b, lanes).unroll(b).unroll(i);
  ofStep.update().reorder({b, i, term}).vectorize(b, lanes).unroll(b).unroll(i);

  for (TileTransform *transform : {&data, &gradient})
    transform->all.compute_at(ofChunk, step)
        .bound_extent(tile, perStep)
        .reorder_storage(b, tile, kx, ky, block)
        .align_storage(tile, perStep | 1);
  scheduleTiles(data, int(in.block), lanesOf(in.block, kernel), across, false, &stage.padding);
  gradient.all.bound_extent(b, width);
  scheduleTiles(gradient, int(dy.block), lanesOf(width, kernel), across, false, nullptr);
}

} // namespace

void scheduleWinogradWeightGradient(ScheduledKernel &kernel) {
  Stage &stage = kernel.stages.front();
  const TensorSpec &dy = kernel.kernel.tensor(kernel.anchorOp().operands[1]);
  const TensorSpec &result = kernel.anchorOp().results[0];
  const int lanes = int(kernel.key("lanes", 1));
  TileTransform &back = stage.transforms[2];
  const int size = stage.transforms[0].to - int(result.shape[2]) + 1, across = int((dy.shape[3] + size - 1) / size),
            down = int((dy.shape[2] + size - 1) / size);
  Func output = kernel.output;
  if (const int images = int(kernel.key("images", 0)))
    multiplyInSteps(kernel, across, down, images);
  else
    multiplyBatch(kernel, across, down);

  // An update reads its gradient from memory: were the two one expression, the compiler would round it otherwise.
  const bool updates = kernel.updatesInPlace();
  Func gradientOut = updates ? back.all : output;
  if (updates)
    back.all.compute_at(output, block)
        .bound_extent(b, int(result.block))
        .bound_extent(kx, back.to)
        .bound_extent(ky, back.to);
  gradientOut.reorder(b, kx, ky, i, block).vectorize(b, lanes).unroll(kx).unroll(ky);
  unrollTransform(back, b, lanes, LoopLevel(gradientOut, i));
  output.parallel(block);
  if (updates)
    output.vectorize(b, lanes);
  holdUpdate(kernel, i, b, int(result.block), lanes);
}

} // namespace fovea
