#ifndef FOVEA_PASSES_USEWINOGRAD_TD
#define FOVEA_PASSES_USEWINOGRAD_TD

include "mlir/Pass/PassBase.td"

def UseWinograd : Pass<"cnn-use-winograd", "mlir::ModuleOp"> {
  let summary = "Compute convolutions by Winograd's minimal filtering where the cost model finds it faster";
  let description = [{
    A convolution with stride 1, without dilation, with square kernels of 3 to 7 is replaced by a transform of its weight
    and a convolution in Winograd's domain; so are the gradients of its input and of its weight, each by its own cost.
    The input's gradient is cut into tiles, or what it comes from is, whichever needs fewer.
    Tiles of 4 by 4 results need 2.25 (3 x 3 kernels: 4) or 6.25 (5 x 5) times fewer multiplications than the direct
    sums, less what tiles at the image's edge and the transforms cost.

    The rounding errors are larger than those of direct sums: about 1e-5 of the largest results instead of 1e-6, which
    passes/README.md measures and bounds. In training, an error of the forward pass that decides a maximum or a zero
    otherwise sends a gradient another way, which training does not mind but comparisons of gradients do: with
    `steps-forward=false` steps compute their forward pass by direct sums.

    Where a record of `fovea tune` (passes/Tuning) is about the convolution, it decides instead.

    Before:
    ```mlir
    %y = cnn.conv2d %x, %w, %b {pad = array<i64: 1, 1, 1, 1>} : ...
    ```
    After:
    ```mlir
    %u = cnn.winograd_weight %w {tile = 4 : i64} : (tensor<384x256x3x3xf32>) -> tensor<384x256x6x6xf32>
    %y = cnn.winograd_conv2d %x, %u, %b {pad = array<i64: 1, 1, 1, 1>, tile = 4 : i64} : ...
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"host\"", "Machine to choose for: host, x86-64-v3, x86-64-v4, cuda or opencl">,
    Option<"bf16", "bf16", "bool", "false", "Direct sums of inferences are of bf16 where that is faster">,
    Option<"tuning", "tuning", "std::string", "\"\"", "Files of tuning records, with semicolons between">,
    Option<"nameChoices", "name-choices", "bool", "false", "Give each convolution with two ways its name in such files">,
    Option<"stepsForward", "steps-forward", "bool", "true", "Replace the forward pass of training steps, too">
  ];
  let dependentDialects = ["cnn::CnnDialect"];
}

#endif
