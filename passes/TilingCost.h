// How a kernel with a pooling goes through the rows of its result, and what each way costs. Windows that overlap share
// rows of what they read: a line buffer keeps them, or each window computes its own.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

#include <optional>
#include <string>

namespace fovea {

/// The schedule's keys `halo`, `parallel` and `rows`.
struct PoolTiling {
  bool recompute = false; ///< halo: each row of the result computes all rows that its windows read.
  int64_t parallel = 0;   ///< 0 serial, 1 images, 2 channel tiles and images, 3 strips and images, 4 all three
  int64_t rows = 0;       ///< Of the result, in a strip; all of them unless `parallel` is 3 or 4.
  bool operator==(const PoolTiling &) const = default;
};

struct TilingCost {
  int64_t needed = 0;    ///< Rows of an image that the windows read,
  int64_t computed = 0;  ///< and how often one of them is computed.
  int64_t keptRows = 0;  ///< Rows that a thread holds at a time,
  int64_t keptBytes = 0; ///< in how much memory.
  int64_t tasks = 1;
  double cycles = 0; ///< Until the last thread is done. Good for comparing, not for promising.
};

/// Whether the kernel computes what one of its poolings or normalizations reads, so that there is something to choose.
bool hasHalo(const KernelSpec &kernel);

/// Whether it is a convolution without such rows, whose threads share its images, tiles of channels or strips of rows:
/// `parallel` and `rows` are then chosen here, too, and `recompute` means nothing.
bool distributesAlone(const KernelSpec &kernel);

Schedule toSchedule(const PoolTiling &tiling);

/// What the kernel costs under `tiling`. Its schedule has the tile that chooseSchedule gave it.
TilingCost tilingCost(const KernelSpec &kernel, const PoolTiling &tiling, const TargetInfo &target);

/// The cheapest tiling; of nearly equal ones that with the fewest tasks.
PoolTiling chooseTiling(const KernelSpec &kernel, const TargetInfo &target);

/// Cycles of two kernels in place of one: everything up to the first pooling or normalization, its result in memory,
/// and the rest. Pays where images are fewer than cores and the strips that feed all cores overlap much.
double separateCycles(const KernelSpec &kernel, const TargetInfo &target);

/// The tiling that the kernel's schedule says, in a sentence with its numbers. Empty where it says none.
std::string describeTiling(const KernelSpec &kernel);

} // namespace fovea
