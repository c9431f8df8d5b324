#include "codegen/schedules/cpu/Schedules.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

// Images in parallel, each summed in registers; the sums of images are added in order.
void scheduleChannelSum(ScheduledKernel &kernel) {
  const Stage &stage = *kernel.anchor();
  const int lanes = int(kernel.key("lanes", 1));
  Func sum = stage.sum, total = stage.last, output = kernel.output;
  output.vectorize(c, lanes);
  if (!total.defined()) {
    sum.compute_root().vectorize(c, lanes).update().vectorize(c, lanes);
    return;
  }
  Func perImage = sum.in();
  Var co("co"), ci("ci");
  perImage.compute_root().split(c, co, ci, lanes).reorder(ci, co, n).vectorize(ci).parallel(n);
  sum.compute_at(perImage, co).store_in(MemoryType::Stack).vectorize(c, lanes).update().reorder(c, stage.reduction[0],
                                                                         stage.reduction[1]).vectorize(c, lanes);
  total.compute_root().vectorize(c, lanes).update().vectorize(c, lanes);
}

} // namespace fovea
