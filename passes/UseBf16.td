#ifndef FOVEA_PASSES_USEBF16_TD
#define FOVEA_PASSES_USEBF16_TD

include "mlir/Pass/PassBase.td"

def UseBf16 : Pass<"cnn-use-bf16", "mlir::ModuleOp"> {
  let summary = "Let inferences multiply numbers of bf16 where that is faster";
  let description = [{
    In functions of kind "infer", convolutions by direct sums and dense layers read their image and their weight rounded
    to bf16, a float's upper half: 8 bits of significand. Products and sums stay f32. Where the target multiplies and
    adds pairs of bf16 in one instruction, that halves the time of the arithmetic; everywhere it halves the bytes of the
    weight, which is what a dense layer's time for few images is.

    The rounding of a weight depends on parameters alone, so that cnn-hoist-constants moves it to @prepare; that of an
    image becomes the end of the kernel that computes it.

    Before:
    ```mlir
    %y = cnn.dense %x, %w, %b : (tensor<1x9216xf32>, tensor<4096x9216xf32>, tensor<4096xf32>) -> tensor<1x4096xf32>
    ```
    After:
    ```mlir
    %0 = cnn.narrow %x : (tensor<1x9216xf32>) -> tensor<1x9216xbf16>
    %1 = cnn.narrow %w : (tensor<4096x9216xf32>) -> tensor<4096x9216xbf16>
    %y = cnn.dense %0, %1, %b : (tensor<1x9216xbf16>, tensor<4096x9216xbf16>, tensor<4096xf32>) -> tensor<1x4096xf32>
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"host\"", "Machine to choose for: host, x86-64-v3, x86-64-v4, cuda or opencl">
  ];
  let dependentDialects = ["cnn::CnnDialect"];
}

#endif
