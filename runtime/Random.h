// Random numbers from a counter: the n-th number of a stream is a function of (seed, stream, n) alone.
//
// So a run resumes to the same bits without saving a generator's state, and the value of a parameter does not depend on
// which others were initialised before it. The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fovea {

/// Ten rounds of Philox on one 128-bit counter.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// A 64-bit number for a name (FNV-1a), to select a stream by.
uint64_t streamOf(std::string_view name);

/// The sequence of one (seed, stream).
class Random {
public:
  Random(uint64_t seed, uint64_t stream) : seed(seed), stream(stream) {}

  uint32_t next();

  /// In (0, 1), never either end.
  double uniform() { return (next() + 0.5) * 0x1p-32; }

  /// Mean 0, standard deviation 1 (Box and Muller).
  double normal();

  /// In [0, bound), each equally likely (Lemire 2019).
  uint32_t below(uint32_t bound);

private:
  uint64_t seed, stream, counter = 0;
  std::array<uint32_t, 4> buffer{};
  int used = 4;
  double spare = 0;
  bool hasSpare = false;
};

/// The order of `count` examples in one epoch: a permutation of 0..count-1 (Fisher and Yates).
std::vector<int64_t> shuffledOrder(size_t count, uint64_t seed, uint64_t epoch);

} // namespace fovea
