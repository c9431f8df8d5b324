// How kernels are computed on a CPU. The kernel's anchor, its operation with the large sum, picks the schedule; its tile
// sizes come from KernelSpec::schedule, chosen by passes/CostModel.
#pragma once

#include "codegen/schedules/ScheduledKernel.h"

namespace fovea {

/// Where the kernel updates a parameter, computes both results in registers, in the loop `at` of the output, before either
/// is stored: `extent` elements of `inner`.
void holdUpdate(ScheduledKernel &kernel, Halide::Var at, Halide::Var inner, int extent, int lanes);

/// Computes the kernel's rows, and the helpers of its stages, in the loop `row` of the output, in memory that belongs
/// to the loop `storage`. What the next row of the output needs again is kept while `row` goes on, or with halo = 1
/// computed again.
void computeRows(ScheduledKernel &kernel, Halide::Var row, Halide::Var storage);

/// Vectors of channels. Rounds up: helpers are as wide as they need to be, and what they read is clamped or has the lanes. A
/// vector shifted inwards would begin before it.
void vectorizeChannels(Halide::Func f, int lanes);

/// The same for the zero-padded copy of the operand that the anchor pads: its first.
void vectorizePadding(const ScheduledKernel &kernel);

/// A loop order from the innermost: `first`, then the reduction.
std::vector<Halide::VarOrRVar> order(std::vector<Halide::VarOrRVar> first, const std::vector<Halide::RVar> &then);

/// Vectorizes a sum of bf16 over `lane` and the innermost pair of terms: one instruction for a pair where the target has
/// it, and else two.
void vectorizePair(Halide::Stage sum, const ScheduledKernel &kernel, Halide::Var lane);

/// Holds the sum's tile in registers: vectors of `lanes` channels times all of `inner`, unrolled inside the loops of
/// `reduction`.
void unrollSum(Halide::Stage sum, const ScheduledKernel &kernel, int lanes, Halide::Var inner,
               const std::vector<Halide::RVar> &reduction);

/// Makes of `channels` by `images` partial sums in each of `lanes` lanes, `ofLane` of the last update of `sum`, the sums. Each
/// step adds neighbouring lanes, and makes one vector of what is left of two: a step costs half of the one before.
void addLanesByPairs(Halide::Func sum, Halide::RVar ofLane, int lanes, Halide::LoopLevel at, int channels, int images);

void scheduleCpu(ScheduledKernel &kernel);

void scheduleConv2d(ScheduledKernel &kernel);       ///< conv2d and its input gradient
void scheduleDense(ScheduledKernel &kernel);
void scheduleByTiles(ScheduledKernel &kernel);      ///< conv2d and dense of bf16, by AMX
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
