// Rough numbers of a core, in cycles: what the cost models weigh against multiply-adds. Measured on AVX2 and AVX-512
// machines of 3.5 GHz; only their ratios decide. The vectors, registers, caches and cores of the machine that is compiled
// for are in TargetInfo.
#pragma once

#include "ir/TargetInfo.h"

namespace fovea {

constexpr double launchCycles = 6000;  ///< A parallel loop: 1.7 us until the last core has begun and told its end.
constexpr double taskCycles = 500;     ///< One of its iterations.
constexpr double fmaEfficiency = 0.85; ///< Of two multiply-adds a cycle, in a register tile that feeds both units.
constexpr double memoryBytes = 7;      ///< A cycle, from memory to one core while all read: 24 GB/s.

/// Bytes a cycle that a core reads or writes in turn of what is `resident` bytes large.
inline double bytesPerCycle(double resident, const TargetInfo &target) {
  return resident <= target.l1Bytes ? 64 : resident <= target.l2Bytes ? 16 : 8;
}

} // namespace fovea
