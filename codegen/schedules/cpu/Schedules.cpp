#include "codegen/schedules/cpu/Schedules.h"

#include <algorithm>

namespace fovea {

void holdUpdate(ScheduledKernel &kernel, Halide::Var at, Halide::Var inner, int extent, int lanes) {
  if (!kernel.updatesInPlace())
    return;
  Halide::Func update = kernel.stages.back().results[0].func;
  update.compute_at(kernel.output, at).store_in(Halide::MemoryType::Stack).bound_extent(inner, extent);
  update.vectorize(inner, lanes).unroll(inner);
}

std::vector<Halide::VarOrRVar> order(std::vector<Halide::VarOrRVar> first, const std::vector<Halide::RVar> &then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

void vectorizePair(Halide::Stage sum, const ScheduledKernel &kernel, Halide::Var lane) {
  const Halide::RVar pair = *kernel.anchor()->pair;
  if (kernel.target.bf16Products())
    sum.atomic().vectorize(pair).vectorize(lane);
  else
    sum.reorder(lane, pair).vectorize(lane).unroll(pair);
}

void unrollSum(Halide::Stage sum, const ScheduledKernel &kernel, int lanes, Halide::Var inner,
               const std::vector<Halide::RVar> &reduction) {
  const auto &pair = kernel.anchor()->pair;
  if (!pair) {
    sum.reorder(order({vars.c, inner}, reduction)).vectorize(vars.c, lanes).unroll(vars.c).unroll(inner);
    return;
  }
  Halide::Var vector("vector"), lane("lane");
  sum.split(vars.c, vector, lane, lanes).reorder(order({*pair, lane, vector, inner}, reduction));
  vectorizePair(sum, kernel, lane);
  sum.unroll(vector).unroll(inner);
}

// LeNet's ip1 at batch 64 takes 0.77 of the time that it takes if all lanes of all sums change places before they are added
// (two cores of an Intel Xeon, family 6 model 207).
void addLanesByPairs(Halide::Func sum, Halide::RVar ofLane, int lanes, Halide::LoopLevel at, int channels, int images) {
  const auto &c = vars.c, &n = vars.n;
  for (int left = lanes / 2; left > 1; left /= 2) {
    Halide::Var lane("lane"), group("group"), inGroup("in_group");
    Halide::RVar pair("pair"), inPair("in_pair");
    sum.update().split(ofLane, pair, inPair, 2);
    Halide::Func pairs = sum.update().rfactor(pair, lane);
    pairs.compute_at(at).store_in(Halide::MemoryType::Stack).bound_extent(c, channels).bound_extent(n, images);
    pairs.reorder_storage(lane, c, n);
    const int channelsOfVector = std::min(channels, lanes / left);
    for (Halide::Stage stage : {Halide::Stage(pairs), pairs.update().unroll(inPair)})
      stage.split(c, group, inGroup, channelsOfVector)
          .reorder({lane, inGroup, group, n})
          .vectorize(lane)
          .vectorize(inGroup)
          .unroll(group)
          .unroll(n);
    ofLane = pair;
  }
  sum.update().reorder(c, ofLane, n).vectorize(c).unroll(n).unroll(ofLane);
}

void scheduleCpu(ScheduledKernel &kernel) {
  for (Stage &stage : kernel.stages)
    for (Halide::Func &f : stage.perChannel) {
      const int lanes = int(vectorDividing(stage.results[0].spec.block, kernel.target.vectorLanes));
      f.compute_root().bound_extent(vars.c, int(std::max<int64_t>(1, stage.results[0].spec.block))).vectorize(vars.c, lanes);
      if (f.has_update_definition())
        f.update().vectorize(vars.c, lanes);
    }
  if (kernel.kernel.ops.front().op == "winograd_weight")
    return scheduleWinogradWeight(kernel);
  if (!kernel.anchor())
    return kernel.normalizes() || !kernel.rows.empty() ? scheduleRows(kernel) : schedulePointwise(kernel);
  const std::string &op = kernel.anchorOp().op;
  if (usesTiles(kernel.kernel))
    return scheduleByTiles(kernel);
  if (op == "conv2d_weight_gradient")
    return scheduleConv2dWeightGradient(kernel);
  if (op == "dense_input_gradient")
    return scheduleDenseInputGradient(kernel);
  if (op == "dense_weight_gradient")
    return scheduleDenseWeightGradient(kernel);
  if (op == "winograd_conv2d" || op == "winograd_input_gradient")
    return scheduleWinogradConv2d(kernel);
  if (op == "winograd_weight_gradient")
    return scheduleWinogradWeightGradient(kernel);
  if (op == "local")
    return scheduleLocal(kernel);
  if (op == "local_input_gradient")
    return scheduleLocalInputGradient(kernel);
  if (op == "local_weight_gradient")
    return scheduleLocalWeightGradient(kernel);
  if (op == "local_bias_gradient")
    return scheduleLocalBiasGradient(kernel);
  if (op == "batch_statistics" || op == "batch_norm_sums")
    return scheduleBatchSums(kernel);
  if (op == "bias_gradient" || op == "scale_coefficient_gradient")
    return scheduleChannelSum(kernel);
  if (op == "conv2d" || op == "conv2d_input_gradient")
    return scheduleConv2d(kernel);
  return scheduleDense(kernel);
}

} // namespace fovea
