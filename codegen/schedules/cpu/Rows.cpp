#include "codegen/schedules/cpu/Schedules.h"

#include <utility>

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

void vectorizeChannels(Func f, int lanes) {
  Var co("co"), ci("ci");
  if (lanes > 1)
    f.split(c, co, ci, lanes, TailStrategy::RoundUp).vectorize(ci);
}

void computeRows(ScheduledKernel &kernel, Var row, Var storage) {
  const bool slides = kernel.key("halo", 0) == 0;
  const int lanes = int(vectorDividing(kernel.stages.back().results[0].spec.block, kernel.target.vectorLanes));
  bool tiled = kernel.anchor(); // The anchor's schedule has tiled the first.
  for (const Tensor &rows : kernel.rows) {
    Func f = rows.func;
    if (slides)
      f.store_at(kernel.output, storage);
    else
      f.hoist_storage(kernel.output, storage);
    f.compute_at(kernel.output, row);
    if (!std::exchange(tiled, false))
      vectorizeChannels(f, int(vectorDividing(rows.spec.block, kernel.target.vectorLanes)));
  }
  for (Stage &stage : kernel.stages) {
    for (Func &helper : stage.rows)
      vectorizeChannels(helper.compute_at(kernel.output, row), lanes);
    for (Func &helper : stage.planes)
      vectorizeChannels(helper.compute_at(kernel.output, storage), lanes);
  }
}

// Poolings and normalizations read memory, not arithmetic, bound: a row of the result at a time, while the rows that it
// reads are in the L1 cache. Images in parallel; strips of rows where there are fewer images than threads.
void scheduleRows(ScheduledKernel &kernel) {
  Func output = kernel.output;
  const TensorSpec &result = kernel.stages.back().results[0].spec;
  Var strip("strip"), row("row"), task("task");
  if (result.layout == LayoutKind::Plain)
    output.reorder(x, c, y, n);
  else
    output.vectorize(c, int(vectorDividing(result.block, kernel.target.vectorLanes)));
  const int rows = int(kernel.key("rows", 0)), parallel = int(kernel.key("parallel", rows ? 3 : 1));
  if (parallel < 3) {
    if (parallel)
      output.parallel(n);
    return computeRows(kernel, y, n);
  }
  output.split(y, strip, row, rows, TailStrategy::GuardWithIf).fuse(strip, n, task).parallel(task);
  computeRows(kernel, row, task);
}

} // namespace fovea
