#ifndef FOVEA_IR_OPS_KERNEL_TD
#define FOVEA_IR_OPS_KERNEL_TD

include "ir/CnnBase.td"

def KernelOp : Cnn_Op<"kernel", [IsolatedFromAbove, SingleBlock, RecursiveMemoryEffects]> {
  let summary = "operations that are compiled into one function";
  let description = [{
    ```mlir
    %y = cnn.kernel "conv1: conv2d+relu" (%a = %x, %b = %w) {schedule = {tile_x = 12 : i64}}
        : (tensor<1x3x8x8xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x6x6xf32> {
      %0 = cnn.conv2d %a, %b : (tensor<1x3x8x8xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x6x6xf32>
      %1 = cnn.relu %0 : (tensor<1x8x6x6xf32>) -> tensor<1x8x6x6xf32>
      cnn.yield %1 : tensor<1x8x6x6xf32>
    }
    ```
    The body's last computation is the root: the kernel yields its results, all of them and nothing else. `places`,
    once memory is planned, has a `#cnn.place` for each operand and then for each result.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, StrAttr:$name, OptionalAttr<DictionaryAttr>:$schedule,
                       OptionalAttr<TypedArrayAttrBase<Cnn_PlaceAttr, "array of places">>:$places);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// The computation whose results the kernel yields.
    ::mlir::Operation *getRoot();
  }];
}

def YieldOp : Cnn_Op<"yield", [Pure, Terminator, HasParent<"KernelOp">]> {
  let summary = "a kernel's results";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

#endif
