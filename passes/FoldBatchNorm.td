#ifndef FOVEA_PASSES_FOLDBATCHNORM_TD
#define FOVEA_PASSES_FOLDBATCHNORM_TD

include "mlir/Pass/PassBase.td"

def FoldBatchNorm : Pass<"cnn-fold-batch-norm", "mlir::ModuleOp"> {
  let summary = "Fold batch normalizations and scales of inferences into the weights of the layer before them";
  let description = [{
    With running averages, a batch normalization is a scale of each channel by numbers that depend on parameters alone;
    and the scale of a convolution's or dense layer's result is that of its filters and bias.

    Before:
    ```mlir
    %0 = cnn.conv2d %x, %w ...
    %1 = cnn.batch_norm %0, %gamma, %beta, %mean, %variance ...
    ```
    After:
    ```mlir
    %c = cnn.batch_norm_coefficient %gamma, %variance ...
    %d = cnn.batch_norm_offset %beta, %mean, %c ...
    %v = cnn.scale_filters %w, %c ...
    %1 = cnn.conv2d %x, %v, %d ...
    ```

    Where the convolution has a bias, `cnn.scale_bias` scales it and adds the offset. A normalization of anything else
    becomes a `cnn.scale`, and so does one of a convolution whose result is read elsewhere, too. `cnn-hoist-constants`
    then moves the computation of the parameters out of the inferences; without it, folding would cost more than it
    saves. Functions of other kinds stay as they are: a step normalizes by the statistics of its batch.
  }];
  let dependentDialects = ["cnn::CnnDialect"];
}

#endif
