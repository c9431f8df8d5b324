#include "codegen/schedules/gpu/Schedules.h"

namespace fovea {

void scheduleGpu(ScheduledKernel &kernel) { scheduleGpuDefault(kernel); }

} // namespace fovea
