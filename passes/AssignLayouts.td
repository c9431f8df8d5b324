#ifndef FOVEA_PASSES_ASSIGNLAYOUTS_TD
#define FOVEA_PASSES_ASSIGNLAYOUTS_TD

include "mlir/Pass/PassBase.td"

def AssignLayouts : Pass<"cnn-assign-layouts", "mlir::ModuleOp"> {
  let summary = "Give every tensor its place in memory order: channels innermost, packed weights";
  let description = [{
    Activations become `channels_last` with the channels padded to whole vectors, weights are packed into blocks of
    output channels (`weight`), the weights that input gradients read into blocks of input channels
    (`weight_transposed`), and one value per channel becomes `vector`. Parameters take the layout of the first
    operation that reads them; the runtime packs them when it loads them. Image, labels, scalars, loss and output stay
    plain, because the user reads and writes them: `cnn.relayout` marks the borders. A border where plain and
    channels-last order are the same bytes (one channel; one pixel with whole vectors) needs none.

    Before:
    ```mlir
    func.func @infer_b1(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x8x8xf32> ... {
      %w = cnn.load @w {block = "value"} : tensor<4x3x1x1xf32>
      %0 = cnn.conv2d %x, %w ...
      return %0
    ```
    After, with eight floats in a vector:
    ```mlir
      %x8 = cnn.relayout %x : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32, #cnn.layout<channels_last, 8>>
      %w = cnn.load @w {block = "value"} : tensor<4x3x1x1xf32, #cnn.layout<weight, 8>>
      %0 = cnn.conv2d %x8, %w ... -> tensor<1x4x8x8xf32, #cnn.layout<channels_last, 8>>
      %1 = cnn.relayout %0 : ... -> tensor<1x4x8x8xf32>
      return %1
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"host\"", "Machine to lay out for: host, x86-64-v3, x86-64-v4, cuda or opencl">
  ];
  let dependentDialects = ["cnn::CnnDialect"];
}

#endif
