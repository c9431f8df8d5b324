// The dialect, its attributes, and what the definitions of operations share.
#ifndef FOVEA_IR_CNNBASE_TD
#define FOVEA_IR_CNNBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "ir/Interfaces.td"

def Cnn_Dialect : Dialect {
  let name = "cnn";
  let cppNamespace = "::fovea::cnn";
  let summary = "Convolutional networks, their training, and the kernels they become";
  let description = [{
    Operations are in the papers' terms and have value semantics. A tensor's type gives its logical shape: activations
    are [N,C,H,W] or [N,K], convolution weights [O,I,KH,KW], dense weights [O,K]; its encoding, `#cnn.layout`, gives the
    order of its elements in memory. An operation's meaning never depends on the encoding.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
}

//===----------------------------------------------------------------------===//
// Attributes. Enumerators are spelled as in the text of the IR.
//===----------------------------------------------------------------------===//

class Cnn_Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::fovea::cnn";
  let genSpecializedAttr = 0;
}

/// An enum that is written as a string in an attribute dictionary.
class Cnn_EnumAsString<Cnn_Enum info>
    : Attr<CPred<"::llvm::isa<::mlir::StringAttr>($_self) && " # info.cppNamespace # "::" # info.stringToSymbolFnName
                     # "(::llvm::cast<::mlir::StringAttr>($_self).getValue())">,
           "one of " # !interleave(!foreach(case, info.enumerants, case.str), ", ")> {
  let storageType = "::mlir::StringAttr";
  let returnType = info.cppNamespace # "::" # info.className;
  let convertFromStorage = "*" # info.cppNamespace # "::" # info.stringToSymbolFnName # "($_self.getValue())";
  let constBuilderCall =
      "$_builder.getStringAttr(" # info.cppNamespace # "::" # info.symbolToStringFnName # "($0))";
}

def Cnn_LayoutKind : Cnn_Enum<"LayoutKind", "order of a tensor's elements in memory", [
  I32EnumAttrCase<"channels_last", 0>, I32EnumAttrCase<"weight", 1>, I32EnumAttrCase<"weight_transposed", 2>,
  I32EnumAttrCase<"vector", 3>, I32EnumAttrCase<"local_weight", 4>]>;

def Cnn_Slot : Cnn_Enum<"Slot", "memory block that a function is given", [
  I32EnumAttrCase<"arena", 0>, I32EnumAttrCase<"parameters", 1>, I32EnumAttrCase<"gradients", 2>,
  I32EnumAttrCase<"momentum", 3>, I32EnumAttrCase<"input", 4>, I32EnumAttrCase<"labels", 5>,
  I32EnumAttrCase<"output", 6>, I32EnumAttrCase<"loss", 7>, I32EnumAttrCase<"scalars", 8>]>;

def Cnn_ParameterBlock : Cnn_Enum<"ParameterBlock", "which of a parameter's three blocks", [
  I32EnumAttrCase<"value", 0>, I32EnumAttrCase<"gradient", 1>, I32EnumAttrCase<"momentum", 2>]>;
def Cnn_ParameterBlockAttr : Cnn_EnumAsString<Cnn_ParameterBlock>;

def Cnn_Divisor : Cnn_Enum<"Divisor", "what an average pooling divides by", [
  I32EnumAttrCase<"padded", 0>, I32EnumAttrCase<"valid", 1>, I32EnumAttrCase<"one", 2>]>;
def Cnn_DivisorAttr : Cnn_EnumAsString<Cnn_Divisor>;

def Cnn_LrnRegion : Cnn_Enum<"LrnRegion", "which elements a local response normalization sums", [
  I32EnumAttrCase<"across", 0>, I32EnumAttrCase<"within", 1>]>;
def Cnn_LrnRegionAttr : Cnn_EnumAsString<Cnn_LrnRegion>;

class Cnn_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<Cnn_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Cnn_LayoutAttr : Cnn_Attr<"Layout", "layout", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "the order of a tensor's elements in memory";
  let description = [{
    - no layout: row-major order of the logical shape.
    - `channels_last, B`: [N,C,H,W] is stored as n, h, w, c and [N,K] as n, k, with the last padded to B.
    - `weight, B`: [O,I,KH,KW] is stored as [ceil(O/B)][KH][KW][I][B], o mod B innermost. A dense layer's [O,K] is seen
      as [O,C,H,W] of the input it reads, and C, H, W follow: `#cnn.layout<weight, 24, 50, 4, 4>`. A convolution's
      weight may give its I, KH, KW there too.
    - `weight_transposed, B`: the same tensor stored as [ceil(I/B)][KH][KW][O][B], i mod B innermost.
    - `vector, B`: [C] padded to B.
    - `local_weight, B`: an unshared convolution's [O,OH,OW,I,KH,KW] is stored as [OH][OW][ceil(O/B)][KH][KW][I][B], and
      its biases [O,OH,OW] are `channels_last`: h, w, o.

    Padding lanes are always written: with zeros in weights, vectors and gradients, with finite values elsewhere. No
    reduction reads them.
  }];
  let parameters = (ins EnumParameter<Cnn_LayoutKind>:$kind, "int64_t":$block,
                        OptionalArrayRefParameter<"int64_t">:$spatial);
  let assemblyFormat = "`<` $kind `,` $block (`,` $spatial^)? `>`";
  let genVerifyDecl = 1;
}

def Cnn_PlaceAttr : Cnn_Attr<"Place", "place"> {
  let summary = "where a kernel's operand or result lies";
  let description = [{
    A slot of the program's ABI and an offset in it: in bytes and a multiple of 64 in the arena, in floats in the
    parameters, gradients and momentum (which share one map), and 0 in the other slots.
  }];
  let parameters = (ins EnumParameter<Cnn_Slot>:$slot, "int64_t":$offset);
  let assemblyFormat = "`<` $slot `,` $offset `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Types. A constraint speaks of the logical shape; every layout fits.
//===----------------------------------------------------------------------===//

def NotEmptyPred : CPred<"::llvm::all_of(::llvm::cast<::mlir::ShapedType>($_self).getShape(), "
                         "[](int64_t extent) { return extent > 0; })">;

class Cnn_TensorOf<list<Type> elements, list<int> ranks, string summary>
    : RankedTensorOf<elements, [HasAnyRankOfPred<ranks>, NotEmptyPred], summary>;

def Cnn_Tensor : RankedTensorOf<[F32, BF16], [NotEmptyPred], "tensor of known shape">;
def Cnn_Activation : Cnn_TensorOf<[F32], [2, 4], "[N,K] or [N,C,H,W] tensor">;
def Cnn_Image : Cnn_TensorOf<[F32], [4], "[N,C,H,W] tensor">;
def Cnn_Rows : Cnn_TensorOf<[F32], [2], "[N,K] tensor">;
def Cnn_ConvWeight : Cnn_TensorOf<[F32], [4], "[O,I,KH,KW] tensor">;
def Cnn_DenseWeight : Cnn_TensorOf<[F32], [2], "[O,K] tensor">;
def Cnn_LocalWeight : Cnn_TensorOf<[F32], [6], "[O,OH,OW,I,KH,KW] tensor">;
def Cnn_LocalBias : Cnn_TensorOf<[F32], [3], "[O,OH,OW] tensor">;
def Cnn_Weight : Cnn_TensorOf<[F32], [2, 4], "[O,K] or [O,I,KH,KW] tensor">;
def Cnn_Channels : Cnn_TensorOf<[F32], [1], "[C] tensor">;
def Cnn_LossPerImage : Cnn_TensorOf<[F32], [1], "[N] tensor">;
/// What a layer can read: numbers of either precision.
def Cnn_ActivationRead : Cnn_TensorOf<[F32, BF16], [2, 4], "[N,K] or [N,C,H,W] tensor">;
def Cnn_ImageRead : Cnn_TensorOf<[F32, BF16], [4], "[N,C,H,W] tensor">;
def Cnn_ConvWeightRead : Cnn_TensorOf<[F32, BF16], [4], "[O,I,KH,KW] tensor">;
def Cnn_DenseWeightRead : Cnn_TensorOf<[F32, BF16], [2], "[O,K] tensor">;
def Cnn_NarrowTensor : Cnn_TensorOf<[BF16], [2, 4], "[N,K], [N,C,H,W], [O,K] or [O,I,KH,KW] tensor">;
def Cnn_Labels : Cnn_TensorOf<[I32], [1], "[N] tensor">;
def Cnn_PoolIndices : Cnn_TensorOf<[I8], [4], "[N,C,H,W] tensor">;
def Cnn_Scalars : RankedTensorOf<[F32], [
  CPred<"::llvm::cast<::mlir::ShapedType>($_self).getShape() == ::llvm::ArrayRef<int64_t>{8}">], "[8] tensor">;

//===----------------------------------------------------------------------===//
// Operations.
//===----------------------------------------------------------------------===//

class Cnn_Op<string mnemonic, list<Trait> traits = []> : Op<Cnn_Dialect, mnemonic, traits>;

/// Computes tensors from tensors. Where its FLOPs are not one per element of the first result, it declares `flops`.
class Cnn_ComputeOp<string mnemonic, list<Trait> traits = []>
    : Cnn_Op<mnemonic, traits # [Pure]> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

/// The result types follow from operands and attributes; an encoding may be added to them.
class Cnn_InferredOp<string mnemonic, list<Trait> traits = []>
    : Cnn_ComputeOp<mnemonic, traits # [InferTypeOpAdaptor, InferredShapes]> {
  let extraClassDeclaration = [{
    static bool isCompatibleReturnTypes(::mlir::TypeRange inferred, ::mlir::TypeRange actual) {
      return ::fovea::cnn::haveSameLogicalTypes(inferred, actual);
    }
  }];
}

/// The result type is given; `verify` compares its shape with the operands'.
class Cnn_VerifiedOp<string mnemonic, list<Trait> traits = []> : Cnn_ComputeOp<mnemonic, traits> {
  let hasVerifier = 1;
}

defvar CountsOnePerElement = DeclareOpInterfaceMethods<CnnComputeOpInterface>;
defvar CountsFlops = DeclareOpInterfaceMethods<CnnComputeOpInterface, ["flops"]>;
defvar Differentiable = DeclareOpInterfaceMethods<DifferentiableOpInterface>;
defvar Loss = DeclareOpInterfaceMethods<LossOpInterface>;

defvar Cnn_Stride = DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">;
defvar Cnn_Pad = DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">;

/// A convolution's window: stride = [sh, sw], pad = [top, left, bottom, right], dilation = [dh, dw] between taps. With
/// groups, output channel o reads the input channels of group o / (O / groups).
defvar convolutionAttributes = (ins Cnn_Stride:$stride, Cnn_Pad:$pad, Cnn_Stride:$dilation,
                                DefaultValuedAttr<I64Attr, "1">:$groups);

/// A pooling's window; `ceil` rounds the output extent up, except that no window begins past the input.
defvar poolAttributes = (ins DenseI64ArrayAttr:$kernel, Cnn_Stride:$stride, Cnn_Pad:$pad,
                             DefaultValuedAttr<BoolAttr, "false">:$ceil);

#endif
