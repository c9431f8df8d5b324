#include "codegen/schedules/gpu/Schedules.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
constexpr int channels = 32, pixels = 4;

} // namespace

// A block computes 32 channels of four pixels of the result. What several of its threads read (a normalization's
// result, that a pooling follows; a gradient, that a normalization's gradient reads of its neighbours) is computed into
// shared memory, for as many channels and pixels as they read.
void scheduleGpuRows(ScheduledKernel &kernel) {
  const TensorSpec &result = kernel.stages.back().results[0].spec;
  bool planes = result.shape.size() != 4;
  for (const Stage &stage : kernel.stages)
    planes |= !stage.planes.empty();
  if (planes || kernel.rows.empty())
    return scheduleGpuDefault(kernel);
  for (const Tensor &rows : kernel.rows) // What their windows read of all rows would not fit.
    if (rows.spec.shape.size() != 4 || rows.height() > 4 * result.shape[2] || rows.width() > 4 * result.shape[3])
      return scheduleGpuDefault(kernel);
  Var cb("cb"), ct("ct"), xb("xb"), xt("xt"), place("place");
  Func output = kernel.output;
  output.split(c, cb, ct, channels, TailStrategy::GuardWithIf).split(x, xb, xt, pixels, TailStrategy::GuardWithIf);
  output.reorder({ct, xt, cb, xb, y, n}).fuse(y, n, place).gpu_blocks(cb, xb, place).gpu_threads(ct, xt);
  for (const Tensor &rows : kernel.rows) {
    Func f = rows.func;
    Var co("co"), ci("ci"), xo("xo"), xi("xi");
    f.compute_at(output, cb).store_in(MemoryType::GPUShared);
    f.split(c, co, ci, channels, TailStrategy::GuardWithIf).split(x, xo, xi, pixels, TailStrategy::GuardWithIf);
    f.reorder({ci, xi, co, xo, y, n}).gpu_threads(ci, xi);
  }
}

} // namespace fovea
