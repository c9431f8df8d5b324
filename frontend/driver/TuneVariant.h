// What a compilation is made of, as far as tuning goes: kernels, how often they are called, and which convolutions
// could go another way.
#pragma once

#include "codegen/Plan.h"
#include "frontend/driver/Options.h"
#include "passes/Tuning.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fovea {

/// A convolution that could go another way, and which it goes: the tile of Winograd's filtering, or 0 for direct sums.
struct TuneChoice {
  std::string convolution;
  int64_t tile = 0;
};

/// A compilation with certain ways for its convolutions.
struct TuneVariant {
  ProgramPlan plan;
  std::vector<TuneChoice> choices;
  bool coldWeights = false; ///< Whether the network's weights exceed the caches.
};

/// What `compile` would make where the convolutions go these ways and every kernel has the cost model's schedule. None
/// after diagnostics were printed; throws std::runtime_error for a stage that was made for another target.
std::optional<TuneVariant> variantWith(const std::vector<ConvolutionRecord> &convolutions, CompileOptions compile,
                                       const TargetInfo &target);

/// By kernelKey, kernels of functions that run again and again, and how often they are called.
std::map<std::string, std::pair<const PlannedKernel *, int>> callsOf(const ProgramPlan &plan);

/// Kernels that `plan` calls more often than `other`, and how much more often.
std::vector<std::pair<const PlannedKernel *, int>> callsBeyond(const ProgramPlan &plan, const ProgramPlan &other);

} // namespace fovea
