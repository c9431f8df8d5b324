#include "codegen/schedules/cpu/Schedules.h"

#include "codegen/BufferDims.h"

namespace fovea {

using namespace Halide;

int64_t ScheduledKernel::key(const std::string &name, int64_t otherwise) const {
  auto found = kernel.schedule.find(name);
  return found == kernel.schedule.end() ? otherwise : found->second;
}

const Stage *ScheduledKernel::anchor() const {
  for (const Stage &stage : stages)
    if (stage.sum.defined())
      return &stage;
  return nullptr;
}

const OpSpec &ScheduledKernel::anchorOp() const { return kernel.ops[anchor() - stages.data()]; }

int64_t vectorDividing(int64_t extent, int64_t atMost) {
  int64_t lanes = 1;
  while (extent > 0 && lanes * 2 <= atMost && extent % (lanes * 2) == 0)
    lanes *= 2;
  return lanes;
}

void scheduleCpu(ScheduledKernel &kernel) {
  if (!kernel.anchor())
    return schedulePointwise(kernel);
  const std::string &op = kernel.anchorOp().op;
  if (op == "conv2d_weight_gradient")
    return scheduleConvWeightGradient(kernel);
  if (op == "dense_weight_gradient")
    return scheduleDenseWeightGradient(kernel);
  if (op == "bias_gradient" || op == "scale_coefficient_gradient")
    return scheduleChannelSum(kernel);
  if (op == "conv2d" || op == "conv2d_input_gradient")
    return scheduleSpatialSum(kernel);
  return scheduleDense(kernel);
}

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
  if (kernel.pooled.defined())
    kernel.pooled.compute_root();
  for (Stage &stage : kernel.stages)
    for (Func &sum : stage.perImage)
      sum.compute_root();
}

} // namespace fovea
