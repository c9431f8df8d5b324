// Runs a kernel against the reference.
#pragma once

#include "test/codegen/numeric/Array.h"
#include "test/codegen/numeric/KernelBuilder.h"

#include <gtest/gtest.h>

#include <functional>

namespace fovea {
class Device;
}

namespace fovea::test {

/// What an input holds, by flat logical index. Without one: labels and indices within range where the check can know
/// it, floats in (-1, 1).
using Fill = std::function<double(int64_t)>;

struct Checks {
  std::map<int, Fill> fills = {};  ///< By input.
  std::map<int, int> inPlace = {}; ///< Result -> input whose memory it shares.
  std::vector<int> gradients = {}; ///< Inputs whose padding lanes are zero; other activations hold junk there.
  bool paddingIsZero = false;      ///< What the results must have there; otherwise anything finite.
  double relative = 2e-6;          ///< Of the element; of the largest, too, in long sums, else a tenth.
  std::map<int, std::vector<uint8_t>> bytes = {}; ///< By input: its memory, instead of what `fills` says.
  const KernelBuilder *same = nullptr; ///< A kernel that computes the same from the same inputs; the reference reads it.
};

/// The bytes of the kernel's first result, for inputs as `check` gives them; for a kernel that feeds another.
std::vector<uint8_t> computed(const KernelBuilder &builder, const Checks &checks = {});

/// Compiles and runs the kernel twice, with its parallel loops forwards and backwards, and fails the current test
/// unless both give the same bits, every element agrees with the reference, padding lanes are as they should be, inputs
/// are unchanged, and no memory is leaked. Reading outside a buffer kills the process.
void check(const KernelBuilder &builder, const Checks &checks = {});

/// OpenCL's first device, on machines without a GPU PoCL's; for CUDA the stand-in for NVIDIA's driver, which interprets
/// PTX; null for a CPU's kernels.
Device *deviceFor(const TargetInfo &target);

/// A test for each target that this machine can run.
class Numeric : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override;
  KernelBuilder builder() const { return KernelBuilder(targetNamed(GetParam())); }
};

#define FOVEA_INSTANTIATE(Suite, ...)                                                                                  \
  INSTANTIATE_TEST_SUITE_P(, Suite, testing::Values(__VA_ARGS__), [](const auto &info) {                               \
    std::string name = info.param;                                                                                     \
    std::replace(name.begin(), name.end(), '-', '_');                                                                  \
    return name;                                                                                                       \
  })

#define FOVEA_NUMERIC_TARGETS(Suite) FOVEA_INSTANTIATE(Suite, "host", "x86-64-v3", "x86-64-v4", "opencl", "cuda")

/// Of what only a CPU's kernels have: schedules with keys, Winograd's filtering, bf16.
#define FOVEA_CPU_TARGETS(Suite) FOVEA_INSTANTIATE(Suite, "host", "x86-64-v3", "x86-64-v4")

} // namespace fovea::test
