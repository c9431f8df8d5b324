#include "codegen/schedules/gpu/Schedules.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
constexpr int channels = 32, pixels = 4;
constexpr int64_t mostShared = 48 << 10; ///< bytes that every GPU has for a block

/// At most so many bytes of shared memory hold what a block reads of all rows: from the last operation on, each reads a
/// region that is larger by its window.
int64_t sharedBytes(const ScheduledKernel &kernel) {
  int64_t c = channels, x = pixels, y = 1;
  const auto &ops = kernel.kernel.ops;
  for (auto op = ops.rbegin(); op != ops.rend(); ++op)
    if (op->op.starts_with("max_pool") || op->op.starts_with("avg_pool")) {
      const auto size = list(*op, "kernel", {1, 1}), stride = list(*op, "stride", {1, 1});
      y = (y - 1) * stride[0] + size[0];
      x = (x - 1) * stride[1] + size[1];
    } else if (op->op.starts_with("lrn")) {
      c += integer(*op, "size", 1) - 1;
    }
  return int64_t(kernel.rows.size()) * c * x * y * int64_t(sizeof(float));
}

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
  if (sharedBytes(kernel) > mostShared)
    return scheduleGpuDefault(kernel);
  for (const Tensor &rows : kernel.rows) // A few windows of nearly all: too few threads would compute what they read.
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
