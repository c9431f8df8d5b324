// Places buffers with known lifetimes in one block of memory.
#pragma once

#include <cstdint>
#include <vector>

namespace fovea {

/// Every buffer starts at a multiple of this: a cache line, and the widest vector register. Devices need more.
inline constexpr int64_t bufferAlignment = 64;

/// `bytes` rounded up to a multiple of `alignment`: whole cache lines.
int64_t alignedBytes(int64_t bytes, int64_t alignment = bufferAlignment);

/// A buffer that holds a value from step `first` (where it is written) to step `last` (where it is read last), both
/// included: two buffers whose intervals share a step never overlap, so that no step writes over its own operands.
struct ArenaBuffer {
  int64_t bytes = 0;
  int64_t first = 0;
  int64_t last = 0;
  int64_t offset = 0; ///< In bytes; set by planArena.
};

struct ArenaPlan {
  int64_t bytes = 0;          ///< Size of the block.
  int64_t unplannedBytes = 0; ///< Size were nothing shared.
  int64_t liveBytes = 0;      ///< The most that is live in one step: no plan needs less.
};

/// Sets the buffers' offsets, and rounds their sizes up to the alignment. Without `reuse` each has memory of its own.
ArenaPlan planArena(std::vector<ArenaBuffer> &buffers, bool reuse, int64_t alignment = bufferAlignment);

} // namespace fovea
