// The order of the passes, from the logical graph to kernels with schedules and addresses.
#pragma once

#include "mlir/Pass/PassManager.h"

#include <string>

namespace fovea {

struct PipelineOptions {
  std::string target = "host"; ///< A name that ir/TargetInfo.h knows.
  // Each optimization can be switched off, to find out whether it is to blame or what it is worth.
  bool fold = true;
  bool foldBatchNorm = true; ///< Needs hoistConstants: without it, every inference would fold anew.
  bool winograd = true;
  bool winogradSteps = true; ///< In the forward pass of training steps, too.
  bool bf16 = false; ///< In inferences; `--precision bf16`. Needs hoistConstants, or every inference would round weights.
  bool hoistConstants = true;
  bool fuseElementwise = true;
  bool fusePool = true;
  bool fuseLrn = true;
  bool fuseUpdate = true;
  bool tilePooling = true;
  int recompute = 1; ///< Percent of a step that computing values again may take; 0: keep all.
  bool reuseMemory = true;
  std::string tuning;       ///< Files of tuning records, with semicolons between; see passes/Tuning.h.
  bool nameChoices = false; ///< For the tuner: convolutions with two ways carry the name that records have for them.
};

/// From what IR generation makes to kernels: `--emit=opt`.
void buildOptimizePipeline(mlir::OpPassManager &manager, const PipelineOptions &options);

/// From kernels to kernels with schedules and addresses: `--emit=schedule`.
void buildSchedulePipeline(mlir::OpPassManager &manager, const PipelineOptions &options);

/// Registers both with fovea-opt, as `cnn-optimize` and `cnn-schedule`.
void registerPipelines();

} // namespace fovea
