#ifndef FOVEA_PASSES_SAVEORRECOMPUTE_TD
#define FOVEA_PASSES_SAVEORRECOMPUTE_TD

include "mlir/Pass/PassBase.td"

def SaveOrRecompute : Pass<"cnn-save-or-recompute", "mlir::ModuleOp"> {
  let summary = "Choose what the backward computation finds in memory and what it computes again";
  let description = [{
    What backward operations read of the forward computation is kept until then: activations, the indices of poolings.
    Where a cheap operation (a pooling, a normalization, an activation function, a sum) made it from something that is
    kept longer anyway, it can be made again right before its first reader instead, and its memory serves others in
    between. That costs time and never memory. The pass takes first what frees most bytes per second, until it has spent
    `slowdown` percent of the estimated time of a step (passes/KeepCost).

    Before, for a pooling whose input is kept for another reader:
    ```mlir
    %y, %indices = cnn.max_pool_indices %x ...
    ...
    %dw = cnn.conv2d_weight_gradient %y, %d ...
    %dx = cnn.max_pool_gradient %indices, %dy ...
    ```
    After:
    ```mlir
    %y = cnn.max_pool %x ...
    ...
    %y1, %indices = cnn.max_pool_indices %x ...
    %dw = cnn.conv2d_weight_gradient %y1, %d ...
    %dx = cnn.max_pool_gradient %indices, %dy ...
    ```

    Must run after the last `cnn-fold`, which would make one of two equal operations again.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"host\"", "Machine to judge for: host, x86-64-v3, x86-64-v4, cuda or opencl">,
    Option<"cores", "cores", "int64_t", "0", "Its cores; 0: as many as this machine has">,
    Option<"slowdown", "slowdown", "int64_t", "1", "Percent of a step that computing again may take">
  ];
  let dependentDialects = ["cnn::CnnDialect"];
}

#endif
