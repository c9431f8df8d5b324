// Weights that come from memory while those before them are multiplied.
#pragma once

#include "Halide.h"

#include <string>

namespace fovea {

/// A sum whose terms each take `elements` elements of an operand that lie behind each other: a block, which the loop
/// around the sum's reads `passes` times. Each time, a part of the block that is read next is asked for.
struct Prefetch {
  std::string operand;         ///< Halide's names: of the operand,
  std::string loop;            ///< of the loop around the sum's,
  std::string terms;           ///< and of the sum's own, `unrolled` terms in an iteration.
  int passes, count, unrolled; ///< `count` terms in all.
  int elements;
  int ahead; ///< Terms from the beginning of a block to that of the next.
};

/// The pass for Pipeline::add_custom_lowering_pass, which takes it over. Halide's own prefetches ask for all that an
/// iteration reads at once, and for the first-level cache alone (prefetchnta), which does not hold a block.
Halide::Internal::IRMutator *prefetchingPass(const Prefetch &prefetch);

} // namespace fovea
