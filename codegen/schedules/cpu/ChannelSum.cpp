#include "codegen/schedules/cpu/Schedules.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

// Images in parallel, each summed in registers, some vectors of channels at a time: an addition takes as long as four start.
// The sums of images are added in order.
void scheduleChannelSum(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), tile = lanes * int(kernel.key("vectors", 1));
  Func sum = stage.sum, total = stage.last, output = kernel.output;
  Var vector("vector"), lane("lane");
  output.split(c, vector, lane, lanes).vectorize(lane);
  holdUpdate(kernel, vector, c, lanes, lanes);
  if (!total.defined()) {
    sum.compute_root().vectorize(c, lanes).update().vectorize(c, lanes);
    return;
  }
  Func perImage = sum.in();
  Var co("co"), ci("ci");
  perImage.compute_root().split(c, co, ci, tile).reorder(ci, co, n).vectorize(ci, lanes).unroll(ci).parallel(n);
  sum.compute_at(perImage, co).store_in(MemoryType::Stack).bound_extent(c, tile).vectorize(c, lanes).unroll(c);
  sum.update().reorder(order({c}, stage.reduction)).vectorize(c, lanes).unroll(c);
  total.compute_root().vectorize(c, lanes).update().vectorize(c, lanes);
}

// Images in parallel; of each, a tile of some vectors of channels is summed in registers before the next. What follows
// is a sum over images for each channel, which is small.
void scheduleBatchSums(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1)), tile = lanes * int(kernel.key("vectors", 1));
  Var co("co"), ci("ci");
  Func output = kernel.output, image = stage.sum;
  output.vectorize(c, lanes);
  image.compute_root().split(c, co, ci, tile).reorder(ci, co, n).vectorize(ci, lanes).unroll(ci).parallel(n);
  for (Func sum : stage.perImage) {
    if (!sum.has_update_definition())
      continue;
    sum.compute_at(image, co).store_in(MemoryType::Stack).bound_extent(c, tile).vectorize(c, lanes).unroll(c);
    sum.update().reorder(order({c}, stage.reduction)).vectorize(c, lanes).unroll(c);
  }
}

} // namespace fovea
