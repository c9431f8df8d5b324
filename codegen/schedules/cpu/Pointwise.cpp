#include "codegen/BufferDims.h"
#include "codegen/schedules/cpu/Schedules.h"

namespace fovea {

using namespace Halide;

// Innermost dimension in vectors that divide it (updates are in place, so no element may be computed twice), outermost
// dimension worth it in parallel. Sums over channels are computed per image beside their use.
void schedulePointwise(ScheduledKernel &kernel) {
  const TensorSpec &result = kernel.stages.back().results[0].spec;
  const auto dims = bufferDims(result);
  const auto variables = dimensions(result);
  const int64_t lanes = vectorDividing(dims[0].extent, kernel.target.vectorLanes);
  if (lanes > 1)
    kernel.output.vectorize(variables[0], int(lanes));
  const int64_t elements = physicalElements(result);
  int parallel = -1;
  for (int dim = int(dims.size()) - 1; dim > 0 && elements >= 16384; --dim)
    if (dims[dim].extent > 1) {
      parallel = dim;
      break;
    }
  if (parallel > 0) {
    const int64_t perTask = std::max<int64_t>(1, 8192 * dims[parallel].extent / elements);
    if (perTask > 1 && dims[parallel].extent > perTask)
      kernel.output.parallel(variables[parallel], int(perTask), TailStrategy::GuardWithIf);
    else
      kernel.output.parallel(variables[parallel]);
  }
  for (Stage &stage : kernel.stages)
    for (Func &sum : stage.perImage)
      sum.compute_root();
}

} // namespace fovea
