// Which schedules a kernel may have, and which of them are worth measuring.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

#include <string>
#include <vector>

namespace fovea {

/// Why the kernel cannot be computed by `schedule`, or not without spilling registers; empty when it can. What
/// chooseSchedule and chooseTiling give is always legal. Kernels whose schedules have no keys take none.
std::string whyIllegal(const KernelSpec &kernel, const Schedule &schedule, const TargetInfo &target);

/// One step of a search: alternatives to a few keys, each to be laid over the best schedule that is known so far. The
/// first are those that the cost model expects most of. What it makes may be illegal.
using SearchStep = std::vector<Schedule>;

/// The steps that find a good schedule for the kernel: its register tile first, then who computes what, then the rest.
/// Empty where there is nothing to choose.
std::vector<SearchStep> searchSteps(const KernelSpec &kernel, const TargetInfo &target);

} // namespace fovea
