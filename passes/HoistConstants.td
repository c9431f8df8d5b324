#ifndef FOVEA_PASSES_HOISTCONSTANTS_TD
#define FOVEA_PASSES_HOISTCONSTANTS_TD

include "mlir/Pass/PassBase.td"

def HoistConstants : Pass<"cnn-hoist-constants", "mlir::ModuleOp"> {
  let summary = "Compute what depends on parameters alone once after loading, not in every inference";
  let description = [{
    In functions of kind "infer", operations whose operands are all values of parameters, or results of such
    operations, move to a function of kind "prepare". What others read of their results becomes a derived parameter.

    Before:
    ```mlir
    cnn.parameter @fc.weight : tensor<10x8xf32>
    func.func @infer(%x: tensor<1x8xf32>) ... {
      %w = cnn.load @fc.weight {block = "value"} : tensor<10x8xf32>
      %0 = cnn.relayout %w : (tensor<10x8xf32>) -> tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>>
      %1 = cnn.dense %x, %0 ...
    ```
    After:
    ```mlir
    cnn.parameter @fc.weight : tensor<10x8xf32>
    cnn.parameter @fc.weight.relayout : tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>> {derived, trainable = false}
    func.func @infer(%x: tensor<1x8xf32>) ... {
      %0 = cnn.load @fc.weight.relayout {block = "value"} : tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>>
      %1 = cnn.dense %x, %0 ...
    }
    func.func @prepare() attributes {cnn.kind = "prepare"} {
      %w = cnn.load @fc.weight {block = "value"} : tensor<10x8xf32>
      %0 = cnn.relayout %w : (tensor<10x8xf32>) -> tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>>
      cnn.store @fc.weight.relayout, %0 {block = "value"} : tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>>
      return
    }
    ```

    The runtime calls the function before the first inference, and again before the next one after parameters have
    changed. Inferences of several batch sizes share what is equal. Steps compute for themselves what they need:
    between two of them every parameter changes.

    The price is memory: what the arena would lend for a moment, a derived parameter holds for good. Nothing is kept back
    for its size all the same, because an inference that made the value anew would read the operands, write the result
    and read it again, where it now reads the result alone. That would be wrong of an operation that makes much of
    little, like a broadcast; there is none.
  }];
  let dependentDialects = ["cnn::CnnDialect", "mlir::func::FuncDialect"];
}

#endif
