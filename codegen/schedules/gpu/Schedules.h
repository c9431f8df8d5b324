// How kernels are computed on a GPU, by CUDA and OpenCL alike. The kernel's anchor, its operation with the large sum, picks
// the schedule, as on a CPU; tiles are chosen here, from the shapes.
#pragma once

#include "codegen/schedules/ScheduledKernel.h"

namespace fovea {

void scheduleGpu(ScheduledKernel &kernel);

/// Works for every kernel: a thread for each element of what is computed, sums in a register, each helper that is read more
/// than once in memory by itself.
void scheduleGpuDefault(ScheduledKernel &kernel);

} // namespace fovea
