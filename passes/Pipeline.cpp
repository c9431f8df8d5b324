#include "passes/Pipeline.h"

#include "ir/TargetInfo.h"
#include "passes/Arena.h"
#include "passes/Passes.h"

#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"

namespace fovea {

void buildOptimizePipeline(mlir::OpPassManager &manager, const PipelineOptions &options) {
  const bool onDevice = isDeviceName(options.target);
  // Forward computation and loss as the model file says them.
  if (options.fold)
    manager.addPass(createFold());
  // No flatten stands before a dense layer; nothing is computed twice or for nothing.
  manager.addPass(createDifferentiate());
  // Training steps store the gradient of each trainable parameter; @update changes the parameters.
  if (options.fuseUpdate)
    manager.addPass(createFuseUpdate());
  // Each step has a twin that changes the parameters itself and stores no gradients.
  if (options.fold)
    manager.addPass(createFold());
  // The backward computation is as lean as the forward.
  if (options.foldBatchNorm && options.hoistConstants)
    manager.addPass(createFoldBatchNorm());
  // Inferences hold no batch normalization, and no scale of a layer's result that nothing else reads.
  if (options.recompute > 0)
    manager.addPass(createSaveOrRecompute({options.target, 0, options.recompute}));
  // What is cheaper to compute again than to keep for the backward computation is computed again there.
  if (options.winograd && !onDevice)
    manager.addPass(createUseWinograd(
        {options.target, options.bf16, options.tuning, options.nameChoices, options.winogradSteps}));
  // Convolutions are computed by the cheaper of two ways.
  if (options.bf16 && !onDevice)
    manager.addPass(createUseBf16({options.target}));
  // Where it was asked for, layers of inferences read bf16 if they are faster for it.
  manager.addPass(createAssignLayouts({options.target}));
  // Every tensor's type says its order in memory; relayouts stand where orders meet.
  if (options.hoistConstants)
    manager.addPass(createHoistConstants());
  // Inferences compute nothing that depends on parameters alone; @prepare does, after loading.
  manager.addPass(createFuse({options.fuseElementwise, options.fusePool, options.fuseLrn, onDevice}));
  // Every computation is in a kernel; every stored or returned value has a kernel of its own.
}

void buildSchedulePipeline(mlir::OpPassManager &manager, const PipelineOptions &options) {
  const bool onDevice = isDeviceName(options.target);
  if (options.tilePooling && !onDevice)
    manager.addPass(createTilePooling({options.target}));
  // Every kernel with a pooling says how it has the rows that windows share; those that are faster as two are two.
  manager.addPass(createChooseSchedule({options.target, options.tuning}));
  // Every kernel says how it is to be computed.
  manager.addPass(createPlanMemory({options.reuseMemory, onDevice ? targetNamed(options.target).alignment() : int(bufferAlignment)}));
  // Every operand and result of a kernel has an address: the functions are ready to be compiled.
}

namespace {

struct PipelineFlags : mlir::PassPipelineOptions<PipelineFlags> {
  Option<std::string> target{*this, "target", llvm::cl::desc("host, x86-64-v3, x86-64-v4, cuda or opencl"), llvm::cl::init("host")};
  Option<bool> fold{*this, "fold", llvm::cl::desc("Fold reshapes and unused results"), llvm::cl::init(true)};
  Option<bool> foldBatchNorm{*this, "fold-batch-norm",
                             llvm::cl::desc("Fold batch normalizations and scales into the layer before them"),
                             llvm::cl::init(true)};
  Option<bool> winograd{*this, "winograd", llvm::cl::desc("Use Winograd's filtering"), llvm::cl::init(true)};
  Option<bool> winogradSteps{*this, "winograd-steps", llvm::cl::desc("In the forward pass of training steps, too"),
                             llvm::cl::init(true)};
  Option<bool> bf16{*this, "bf16", llvm::cl::desc("Multiply numbers of bf16 in inferences"), llvm::cl::init(false)};
  Option<bool> hoistConstants{*this, "hoist-constants", llvm::cl::desc("Compute once what depends on parameters alone"),
                              llvm::cl::init(true)};
  Option<bool> fuseElementwise{*this, "fuse-elementwise", llvm::cl::desc("Fuse element-wise operations"),
                               llvm::cl::init(true)};
  Option<bool> fusePool{*this, "fuse-pool", llvm::cl::desc("Fuse pooling"), llvm::cl::init(true)};
  Option<bool> fuseLrn{*this, "fuse-lrn", llvm::cl::desc("Fuse local response normalization"), llvm::cl::init(true)};
  Option<bool> fuseUpdate{*this, "fuse-update", llvm::cl::desc("Update parameters where their gradients are known"),
                          llvm::cl::init(true)};
  Option<bool> tilePooling{*this, "tile-pooling", llvm::cl::desc("Choose how overlapping windows share rows"),
                           llvm::cl::init(true)};
  Option<int> recompute{*this, "recompute", llvm::cl::desc("Percent of a step that computing values again may take"),
                        llvm::cl::init(1)};
  Option<bool> reuseMemory{*this, "reuse-memory", llvm::cl::desc("Share memory between values"), llvm::cl::init(true)};

  Option<std::string> tuning{*this, "tuning", llvm::cl::desc("Files of tuning records, with semicolons between"),
                             llvm::cl::init("")};

  PipelineOptions options() const {
    return {target,   fold,    foldBatchNorm, winograd,    winogradSteps, bf16, hoistConstants, fuseElementwise,
            fusePool, fuseLrn, fuseUpdate,    tilePooling, recompute,     reuseMemory, tuning};
  }
};

} // namespace

void registerPipelines() {
  using Registration = mlir::PassPipelineRegistration<PipelineFlags>;
  Registration("cnn-optimize", "From the logical graph to kernels",
               [](auto &manager, const PipelineFlags &flags) { buildOptimizePipeline(manager, flags.options()); });
  Registration("cnn-schedule", "From kernels to kernels with schedules and addresses",
               [](auto &manager, const PipelineFlags &flags) { buildSchedulePipeline(manager, flags.options()); });
}

} // namespace fovea
