#include "passes/KeepCost.h"

#include <algorithm>

namespace fovea {

namespace {

constexpr double cyclesPerSecond = 3e9;
constexpr double fmaEfficiency = 0.7;       ///< Of two multiply-adds a cycle, over all kernels.
constexpr double coreBytesPerSecond = 20e9; ///< 40 GB/s were measured with two cores.
constexpr int coresThatFillMemory = 8;
constexpr double launchSeconds = 5e-6;
constexpr int64_t fewestBytes = 2 << 20; ///< Below, memory is not worth a kernel.

} // namespace

double workSeconds(int64_t flops, int64_t bytes, const TargetInfo &target) {
  const double peak = 4.0 * target.vectorLanes * target.cores * cyclesPerSecond * fmaEfficiency;
  const double bandwidth = coreBytesPerSecond * std::min(target.cores, coresThatFillMemory);
  return launchSeconds + std::max(double(flops) / peak, double(bytes) / bandwidth);
}

int bestRecomputation(const std::vector<Recomputation> &all, double seconds) {
  int best = -1;
  double most = 0;
  for (size_t index = 0; index < all.size(); ++index) {
    const auto &[bytes, takes] = all[index];
    if (bytes < fewestBytes || takes > seconds || double(bytes) <= most * takes)
      continue;
    best = int(index);
    most = double(bytes) / takes;
  }
  return best;
}

} // namespace fovea
