#ifndef FOVEA_PASSES_FUSEUPDATE_TD
#define FOVEA_PASSES_FUSEUPDATE_TD

include "mlir/Pass/PassBase.td"

def FuseUpdate : Pass<"cnn-fuse-update", "mlir::ModuleOp"> {
  let summary = "Create training functions that update each parameter where its gradient is known";
  let description = [{
    A function of kind "step" stores gradients, and `@update` reads them again. This pass makes a third kind of each
    step function, "train", which does both at once: the update of a parameter follows its gradient, and the last
    reader of what is overwritten. No gradient is stored, and `cnn-fuse` can make the update the tail of the weight
    gradient. Step functions and `@update` stay as they are, for gradients that are wanted or summed over several steps.

    Before:
    ```mlir
    func.func @step_b2(%x: tensor<2x4xf32>, %labels: tensor<2xi32>, %scalars: tensor<8xf32>)
        -> (tensor<2xf32>, tensor<2x10xf32>) attributes {cnn.kind = "step", ...} {
      %w = cnn.load @w {block = "value"} : tensor<10x4xf32>
      ...
      %dw = cnn.dense_weight_gradient %x, %dy : ...
      %dx = cnn.dense_input_gradient %dy, %w : ...
      ...
      cnn.store @w, %dw {block = "gradient"} : ...
      return %loss, %y : ...
    }
    func.func @update(%scalars: tensor<8xf32>) attributes {cnn.kind = "update"} {...}
    ```
    After, besides:
    ```mlir
    func.func @train_b2(...) -> (...) attributes {cnn.kind = "train", ...} {
      %w = cnn.load @w {block = "value"} : tensor<10x4xf32>
      ...
      %dw = cnn.dense_weight_gradient %x, %dy : ...
      %dx = cnn.dense_input_gradient %dy, %w : ...
      %v = cnn.load @w {block = "momentum"} : ...
      %w1, %v1 = cnn.sgd_update %w, %dw, %v, %scalars {...} : ...
      cnn.store @w, %w1 {block = "value"} : ...
      cnn.store @w, %v1 {block = "momentum"} : ...
      ...
      return %loss, %y : ...
    }
    ```

    A step function that stores no gradient for a parameter that `@update` changes gets no training function. Neither
    does any where the recipe accumulates gradients: no update of such a training comes from one step.
  }];
  let dependentDialects = ["cnn::CnnDialect", "mlir::func::FuncDialect"];
}

#endif
