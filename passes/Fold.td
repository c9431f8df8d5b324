#ifndef FOVEA_PASSES_FOLD_TD
#define FOVEA_PASSES_FOLD_TD

include "mlir/Pass/PassBase.td"

def Fold : Pass<"cnn-fold", "mlir::ModuleOp"> {
  let summary = "Remove what need not be computed: reshapes before dense layers, unused results, repeated work";
  let description = [{
    A dense layer reads a rank-4 tensor as well as a flattened one, so that a flatten in front of it, which would
    permute the channels-last activations in memory, disappears; its weight is packed to match.

    Before:
    ```mlir
    %0 = cnn.flatten %x : (tensor<1x50x4x4xf32>) -> tensor<1x800xf32>
    %1 = cnn.relu %0 : (tensor<1x800xf32>) -> tensor<1x800xf32>
    %2 = cnn.dense %1, %w : (tensor<1x800xf32>, tensor<500x800xf32>) -> tensor<1x500xf32>
    ```
    After:
    ```mlir
    %0 = cnn.relu %x : (tensor<1x50x4x4xf32>) -> tensor<1x50x4x4xf32>
    %1 = cnn.dense %0, %w : (tensor<1x50x4x4xf32>, tensor<500x800xf32>) -> tensor<1x500xf32>
    ```

    The same is done for the gradients (`cnn.unflatten` after `cnn.dense_input_gradient`, `cnn.flatten` before
    `cnn.dense_weight_gradient`). Beyond that:

    - `cnn.max_pool_indices` whose indices nobody reads becomes `cnn.max_pool`;
    - the gradient of an activation in front of a max pooling is taken after the pooling, where the tensors are
      smaller: only an element that was a maximum receives a gradient, and the pooling passed exactly that element
      on. The activation before the pooling then need not be kept;
    - the gradient of a bias in front of a max pooling sums what comes from the pooling, which is smaller: the pooling's
      gradient puts each number in one place of its channel;
    - the gradients of activations that are only concatenated are taken before the gradient is sliced, as one operation
      on the whole: what the next layers read is then kept once, not in parts as well;
    - operations without effect whose results are unused, and repeated operations, are erased.
  }];
  let dependentDialects = ["cnn::CnnDialect"];
}

#endif
