#include "codegen/BufferDims.h"
#include "codegen/schedules/cpu/Schedules.h"

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

  scheduleTiles(data, int(in.block), lanesOf(in.block, kernel), across, !batched, &padding);
  data.all.bound_extent(tile, across * down * taskImages);

  products.bound_extent(c, channels).bound_extent(tile, across * down * taskImages);
  products.bound_extent(kx, data.to).bound_extent(ky, data.to);
  products.split(c, co, ci, tileLanes, TailStrategy::RoundUp).split(tile, to, ti, pixels, TailStrategy::ShiftInwards);
  products.reorder(ci, ti, to, co, kx, ky).vectorize(ci, lanes).unroll(ci).unroll(ti);
  if (!batched)
    products.fuse(kx, ky, place).parallel(place);
  sum.compute_at(products, to).store_in(MemoryType::Stack).bound_extent(c, tileLanes);
  sum.vectorize(c, lanes)
      .unroll(c)
      .unroll(tile)
      .update()
      .reorder(order({c, tile}, stage.reduction))
      .vectorize(c, lanes)
      .unroll(c)
      .unroll(tile);

  back.all.bound_extent(c, channels).bound_extent(kx, back.to).bound_extent(ky, back.to);
  back.all.split(c, co, ci, lanes, TailStrategy::RoundUp).split(tile, row, column, across);
  back.all.reorder(ci, kx, ky, co, column, row).reorder_storage(c, kx, ky, tile).vectorize(ci).unroll(kx).unroll(ky);
  if (!batched)
    back.all.parallel(row);
  unrollTransform(back, c, lanes, LoopLevel(back.all, co));
}

// Both images are transformed for the whole batch; the products of a place in the tile are a matrix product over all
// tiles.
void scheduleWinogradWeightGradient(ScheduledKernel &kernel) {
  Stage &stage = kernel.stages.front();
  const OpSpec &op = kernel.anchorOp();
  const TensorSpec &in = kernel.kernel.tensor(op.operands[0]), &dy = kernel.kernel.tensor(op.operands[1]);
  const TensorSpec &result = op.results[0];
  const int lanes = int(kernel.key("lanes", 1)), vectors = int(kernel.key("vectors", 1)),
            taps = int(kernel.key("taps", 1));
  TileTransform &data = stage.transforms[0], &gradient = stage.transforms[1], &back = stage.transforms[2];
  const int size = data.to - int(result.shape[2]) + 1, across = int((dy.shape[3] + size - 1) / size),
            tileLanes = lanes * vectors;
  Func output = kernel.output, products = stage.products, sum = stage.sum;
  Var bo("bo"), bi("bi"), io("io"), ii("ii"), place("place");

  // A tile's numbers lie apart by all tiles of a place. An odd number of them keeps the places from meeting in the same
  // few sets of the caches: LeNet's conv2 takes 0.73 of the time.
  const int tiles = int(dy.shape[0] * ((dy.shape[2] + size - 1) / size)) * across;
  for (TileTransform *transform : {&data, &gradient})
    transform->all.compute_root().reorder_storage(b, tile, kx, ky, block).align_storage(tile, tiles | 1);
  scheduleTiles(data, int(in.block), lanesOf(in.block, kernel), across, true, &stage.padding);
  gradient.all.bound_extent(b, int(result.block));
  scheduleTiles(gradient, int(dy.block), lanesOf(result.block, kernel), across, true, nullptr);

  products.compute_root().bound_extent(b, int(result.block)).bound_extent(kx, data.to).bound_extent(ky, data.to);
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
