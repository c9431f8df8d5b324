// A kernel as its schedule sees it: the functions that the algorithms of its operations made, and its specification.
#pragma once

#include "codegen/algorithms/Tensor.h"
#include "codegen/schedules/Prefetch.h"
#include "ir/TargetInfo.h"

namespace fovea {

struct ScheduledKernel {
  const KernelSpec &kernel;
  const TargetInfo &target;
  std::vector<Stage> stages; ///< One per operation.
  std::vector<Tensor> rows;  ///< What poolings and normalizations in the kernel read, in order of computation.
  std::vector<Halide::Func> perThread; ///< What each thread of a device computes for itself, where it reads it.
  Halide::Func output;       ///< Pure; what all other functions are computed for.
  std::vector<Prefetch> prefetches; ///< Of a CPU's caches.

  int64_t key(const std::string &name, int64_t otherwise) const;
  /// The stage of the anchor; null when the kernel only moves or maps elements.
  const Stage *anchor() const;
  const OpSpec &anchorOp() const;
  /// Whether a stage has helpers that are computed for all channels of a row or an image.
  bool normalizes() const;
  /// Whether the last operation updates a parameter: its results lie where its operands do, so that no element may be
  /// computed twice.
  bool updatesInPlace() const;
};

/// The largest power of two that divides `extent` and is at most `atMost`; 1 for an extent of 0.
int64_t vectorDividing(int64_t extent, int64_t atMost);

} // namespace fovea
