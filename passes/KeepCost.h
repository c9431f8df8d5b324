// Whether what the backward computation needs is kept from the forward one or computed again: time against memory.
#pragma once

#include "ir/TargetInfo.h"

#include <cstdint>
#include <vector>

namespace fovea {

/// Seconds that work takes on all cores: as long as its arithmetic or its bytes, whichever takes longer.
double workSeconds(int64_t flops, int64_t bytes, const TargetInfo &target);

/// One thing that could be computed again.
struct Recomputation {
  int64_t bytes = 0;  ///< That are then not kept,
  double seconds = 0; ///< and what it takes.
};

/// Which of them to compute again: of those that take at most `seconds` the one that frees most bytes per second; -1
/// where there is none, or none that frees enough to matter.
int bestRecomputation(const std::vector<Recomputation> &all, double seconds);

} // namespace fovea
