#ifndef FOVEA_PASSES_DIFFERENTIATE_TD
#define FOVEA_PASSES_DIFFERENTIATE_TD

include "mlir/Pass/PassBase.td"

def Differentiate : Pass<"cnn-differentiate", "mlir::ModuleOp"> {
  let summary = "Append the backward computation to training steps and create the parameter update";
  let description = [{
    A function of kind "step" holds the forward computation and the loss. This pass walks it backwards, asks each
    operation for the gradients of its operands (DifferentiableOpInterface, LossOpInterface), adds up the gradients of
    a value with several uses, and stores the gradient of every trainable parameter. Only what a trainable parameter
    needs is differentiated: no gradient of the image is computed.

    Before:
    ```mlir
    cnn.parameter @w : tensor<10x4xf32> {...}
    func.func @step_b2(%x: tensor<2x4xf32>, %labels: tensor<2xi32>, %scalars: tensor<8xf32>)
        -> (tensor<2xf32>, tensor<2x10xf32>) attributes {cnn.kind = "step", ...} {
      %w = cnn.load @w {block = "value"} : tensor<10x4xf32>
      %y = cnn.dense %x, %w : ...
      %loss = cnn.softmax_cross_entropy %y, %labels : ...
      return %loss, %y : ...
    }
    ```
    After:
    ```mlir
      ...
      %dy = cnn.softmax_cross_entropy_gradient %y, %labels, %scalars : ...
      %dw = cnn.dense_weight_gradient %x, %dy : ...
      cnn.store @w, %dw {block = "gradient"} : ...
      return %loss, %y : ...
    }
    func.func @update(%scalars: tensor<8xf32>) attributes {cnn.kind = "update"} {
      %w = cnn.load @w {block = "value"} : ...
      %g = cnn.load @w {block = "gradient"} : ...
      %v = cnn.load @w {block = "momentum"} : ...
      %w1, %v1 = cnn.sgd_update %w, %g, %v, %scalars {...} : ...
      cnn.store @w, %w1 {block = "value"} : ...
      cnn.store @w, %v1 {block = "momentum"} : ...
      return
    }
    ```

    A max pooling that a gradient passes through becomes `cnn.max_pool_indices`. The gradient of a parameter with a
    connection mask is multiplied by the mask, which becomes a constant parameter `@"<name>.mask"`. A trainable
    parameter that the loss does not depend on gets neither gradient nor update.
  }];
  let dependentDialects = ["cnn::CnnDialect", "mlir::func::FuncDialect"];
}

#endif
