// The cost models' schedules of every shipped network's kernels are legal: a tuning record of one is never refused.
#include "ir/TargetInfo.h"
#include "passes/ScheduleSpace.h"
#include "test/bench/ModelKernels.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace fovea::bench {
namespace {

class LegalSchedules : public testing::TestWithParam<const char *> {};

TEST_P(LegalSchedules, OfAllModels) {
  const TargetInfo target = targetNamed(GetParam());
  size_t seen = 0;
  for (const auto &entry : std::filesystem::directory_iterator(FOVEA_MODELS)) {
    if (entry.path().extension() != ".net")
      continue;
    for (const ModelKernel &each : kernelsOf(entry.path(), "net", GetParam(), {1, 8}, 8)) {
      EXPECT_EQ(whyIllegal(each.kernel, each.kernel.schedule, target), "") << each.name << "\n" << toJson(each.kernel);
      ++seen;
    }
  }
  EXPECT_GT(seen, 1000u);
}

INSTANTIATE_TEST_SUITE_P(, LegalSchedules, testing::Values("x86-64-v3", "x86-64-v4"),
                         [](const auto &info) { return info.param[8] == '3' ? "v3" : "v4"; });

} // namespace
} // namespace fovea::bench
