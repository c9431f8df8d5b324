#include "codegen/schedules/ScheduledKernel.h"

#include <algorithm>

namespace fovea {

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

bool ScheduledKernel::normalizes() const {
  return std::any_of(stages.begin(), stages.end(),
                     [](const Stage &stage) { return !stage.rows.empty() || !stage.planes.empty(); });
}

bool ScheduledKernel::updatesInPlace() const { return kernel.ops.back().op == "sgd_update"; }

int64_t vectorDividing(int64_t extent, int64_t atMost) {
  int64_t lanes = 1;
  while (extent > 0 && lanes * 2 <= atMost && extent % (lanes * 2) == 0)
    lanes *= 2;
  return lanes;
}

} // namespace fovea
