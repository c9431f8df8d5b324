#include "codegen/schedules/cpu/Schedules.h"

#include <algorithm>

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

// A task has the runtime make the sums of `tile_channels` channels and `tile_rows` rows of the result (with a pooling
// behind it of all rows that these read) and takes them, while they are in the second-level cache, through everything
// else. It is told whole rows, as it fits its tiles into them. `tile_images` images go through a tile of channels after each
// other, while its weights are in the cache.
void scheduleByTiles(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const TensorSpec &result = kernel.stages.back().results[0].spec;
  const int channels = int(kernel.key("tile_channels", 16)), parallel = int(kernel.key("parallel", 0));
  const int lanes = int(vectorDividing(channels, kernel.target.registerLanes));
  Var co("co"), ci("ci"), strip("strip"), row("row"), images("images"), image("image"), tiles("tiles"), task("task");
  Func output = kernel.output, sums = stage.sum, padding = stage.padding;
  const bool plain = result.layout == LayoutKind::Plain; // Whose channels end where the last is.
  output.split(c, co, ci, channels, plain ? TailStrategy::GuardWithIf : TailStrategy::Auto);
  if (!plain)
    output.vectorize(ci, lanes);
  sums.bound_extent(c, channels);
  if (result.shape.size() == 2) {
    output.reorder(ci, n, co);
    if (parallel)
      output.parallel(co);
    sums.compute_at(output, co);
    return;
  }
  const int rows = int(std::min(kernel.key("tile_rows", 1), result.shape[2]));
  output.split(y, strip, row, rows, TailStrategy::ShiftInwards);
  output.split(n, images, image, int(kernel.key("tile_images", 1)));
  output.reorder(ci, x, row, strip, image, co, images);
  Var where = strip;
  if (parallel == 2) {
    output.reorder(ci, x, row, image, strip, co, images).fuse(strip, co, tiles).fuse(tiles, images, task).parallel(task);
    where = task;
  } else if (parallel) {
    output.parallel(images);
  }
  sums.compute_at(output, where);
  if (!kernel.rows.empty()) {
    vectorizeChannels(kernel.rows.front().func, lanes);
    computeRows(kernel, row, where);
  }
  if (!padding.defined())
    return;
  if (parallel == 2) // One copy for all tiles of channels.
    padding.compute_root().fuse(y, n, tiles).parallel(tiles);
  else
    padding.compute_at(output, images);
  vectorizePadding(kernel);
}

} // namespace fovea
