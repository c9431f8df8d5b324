#ifndef FOVEA_IR_OPS_PARAMETER_TD
#define FOVEA_IR_OPS_PARAMETER_TD

include "ir/CnnBase.td"

def ParameterOp : Cnn_Op<"parameter", [Symbol]> {
  let summary = "a trained or constant tensor that outlives the functions";
  let description = [{
    ```mlir
    cnn.parameter @conv1.weight : tensor<20x1x5x5xf32> {init = {kind = "xavier"}}
    cnn.parameter @digits : tensor<10x84xf32> {trainable = false, value = dense<...> : tensor<10x84xf32>}
    ```
    `init` says how training starts, `lr_mult` and `decay_mult` scale learning rate and weight decay. Where `mask` is 0
    there is no connection: the element is zero, is not counted and never changes. A constant has its `value` here. What
    is not trained but has an `average` is a running average: a step stores its statistic as the gradient, and @update
    moves the average towards it by that share. What is `derived` is computed from the others by the function of kind
    "prepare", after they were given or changed and before an inference reads it; files do not hold it.
    `offset`, in floats, is where the memory plan put it.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Cnn_Tensor>:$type,
                       DefaultValuedAttr<BoolAttr, "true">:$trainable, OptionalAttr<DictionaryAttr>:$init,
                       DefaultValuedAttr<F32Attr, "1.0f">:$lr_mult, DefaultValuedAttr<F32Attr, "1.0f">:$decay_mult,
                       OptionalAttr<ElementsAttrBase<CPred<"::llvm::isa<::mlir::DenseIntElementsAttr>($_self)">,
                                                     "dense integers">>:$mask,
                       OptionalAttr<ElementsAttrBase<CPred<"::llvm::isa<::mlir::DenseFPElementsAttr>($_self)">,
                                                     "dense floats">>:$value,
                       OptionalAttr<F32Attr>:$average, UnitAttr:$derived, OptionalAttr<I64Attr>:$offset);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
  let hasVerifier = 1;
  let builders = [
    // Trainable. A null mask connects everything.
    OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::RankedTensorType":$type, "::mlir::DictionaryAttr":$init,
                   CArg<"float", "1.0f">:$lrMult, CArg<"float", "1.0f">:$decayMult,
                   CArg<"::mlir::DenseElementsAttr", "{}">:$mask)>,
    // Running average.
    OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::RankedTensorType":$type, "::mlir::DictionaryAttr":$init,
                   "::mlir::FloatAttr":$average)>,
    // Constant.
    OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::RankedTensorType":$type, "::mlir::DenseElementsAttr":$value)>,
    // Derived.
    OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::RankedTensorType":$type)>
  ];
}

def LoadOp : Cnn_Op<"load", [MemoryEffects<[MemRead]>, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a parameter's value, gradient or momentum";
  let arguments = (ins FlatSymbolRefAttr:$parameter, Cnn_ParameterBlockAttr:$block);
  let results = (outs Cnn_Tensor:$result);
  let assemblyFormat = "$parameter attr-dict `:` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::mlir::FlatSymbolRefAttr":$parameter,
                                 "::fovea::cnn::ParameterBlock":$block)>];
}

def StoreOp : Cnn_Op<"store", [MemoryEffects<[MemWrite]>, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "gives a parameter a new value, gradient or momentum";
  let arguments = (ins FlatSymbolRefAttr:$parameter, Cnn_Tensor:$value, Cnn_ParameterBlockAttr:$block);
  let assemblyFormat = "$parameter `,` $value attr-dict `:` type($value)";
  let builders = [OpBuilder<(ins "::mlir::FlatSymbolRefAttr":$parameter, "::mlir::Value":$value,
                                 "::fovea::cnn::ParameterBlock":$block)>];
}

#endif
