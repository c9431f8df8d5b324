// How kernels are computed on a CPU. The kernel's anchor, its operation with the large sum, picks the schedule; its tile
// sizes come from KernelSpec::schedule, chosen by passes/CostModel.
#pragma once

#include "codegen/algorithms/Tensor.h"
#include "ir/TargetInfo.h"

namespace fovea {

struct ScheduledKernel {
  const KernelSpec &kernel;
  const TargetInfo &target;
  std::vector<Stage> stages; ///< One per operation.
  std::vector<Tensor> rows;  ///< What poolings and normalizations in the kernel read, in order of computation.
  Halide::Func output;       ///< Pure; what all other functions are computed for.

  int64_t key(const std::string &name, int64_t otherwise) const;
  /// The stage of the anchor; null when the kernel only moves or maps elements.
  const Stage *anchor() const;
  const OpSpec &anchorOp() const;
  /// Whether a stage has helpers that are computed for all channels of a row or an image.
  bool normalizes() const;
  /// Whether the last operation updates a parameter: its results lie where its operands do, so that no element may be
  /// computed twice.
  bool updatesInPlace() const;
  /// Where it does, computes both results in registers, in the loop `at` of the output, before either is stored:
  /// `extent` elements of `inner`.
  void holdUpdate(Halide::Var at, Halide::Var inner, int extent, int lanes);
};

/// The largest power of two that divides `extent` and is at most `atMost`; 1 for an extent of 0.
int64_t vectorDividing(int64_t extent, int64_t atMost);

/// The largest divisor of `extent` that is at most `atMost`.
int64_t divisorOf(int64_t extent, int64_t atMost);

/// Computes the kernel's rows, and the helpers of its stages, in the loop `row` of the output, in memory that belongs
/// to the loop `storage`. What the next row of the output needs again is kept while `row` goes on, or with halo = 1
/// computed again.
void computeRows(ScheduledKernel &kernel, Halide::Var row, Halide::Var storage);

/// A loop order from the innermost: `first`, then the reduction.
std::vector<Halide::VarOrRVar> order(std::vector<Halide::VarOrRVar> first, const std::vector<Halide::RVar> &then);

/// Holds the sum's tile in registers: vectors of `lanes` channels times all of `inner`, unrolled inside the loops of
/// `reduction`. A pair of terms is one instruction where the target has it, and else two.
void unrollSum(Halide::Stage sum, const ScheduledKernel &kernel, int lanes, Halide::Var inner,
               const std::vector<Halide::RVar> &reduction);

void scheduleCpu(ScheduledKernel &kernel);

void scheduleConv2d(ScheduledKernel &kernel);       ///< conv2d and its input gradient
void scheduleDense(ScheduledKernel &kernel);
void scheduleDenseInputGradient(ScheduledKernel &kernel);
void scheduleConv2dWeightGradient(ScheduledKernel &kernel);
void scheduleDenseWeightGradient(ScheduledKernel &kernel);
void scheduleWinogradWeight(ScheduledKernel &kernel);
void scheduleWinogradConv2d(ScheduledKernel &kernel);
void scheduleWinogradWeightGradient(ScheduledKernel &kernel);
void scheduleLocal(ScheduledKernel &kernel);
void scheduleLocalInputGradient(ScheduledKernel &kernel);
void scheduleLocalWeightGradient(ScheduledKernel &kernel);
void scheduleLocalBiasGradient(ScheduledKernel &kernel);
void scheduleChannelSum(ScheduledKernel &kernel);       ///< bias_gradient, scale_coefficient_gradient
void scheduleBatchSums(ScheduledKernel &kernel);        ///< batch_statistics, batch_norm_sums
void scheduleRows(ScheduledKernel &kernel);             ///< poolings and normalizations without an anchor
void schedulePointwise(ScheduledKernel &kernel);        ///< everything else

} // namespace fovea
