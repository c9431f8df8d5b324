// What passes ask of operations without knowing them.
#ifndef FOVEA_IR_INTERFACES_TD
#define FOVEA_IR_INTERFACES_TD

include "mlir/IR/OpBase.td"

def CnnComputeOpInterface : OpInterface<"CnnComputeOpInterface"> {
  let description = "A computation on tensors, which a kernel may hold, and what it costs.";
  let cppNamespace = "::fovea::cnn";
  let methods = [
    InterfaceMethod<"Floating-point operations; a multiply-add counts as two, a transcendental function as one.",
      "int64_t", "flops", (ins), [{}], [{ return ::fovea::cnn::elements($_op->getResult(0)); }]>,
    InterfaceMethod<"Bytes of all operands and results in their logical shapes.",
      "int64_t", "bytes", (ins), [{}], [{ return ::fovea::cnn::logicalBytes($_op); }]>
  ];
}

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let description = "An operation of the forward computation that gradients can pass through.";
  let cppNamespace = "::fovea::cnn";
  let methods = [
    InterfaceMethod<[{
        Creates the gradients of the operands from those of the results. `resultGradients` has one value per result,
        null where nobody needs that result. `operandGradients` has one entry per operand; those that `needed` asks for
        are set, the others stay null. Labels and constants have no gradient, asked for or not.
      }],
      "void", "backward",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$resultGradients, "::llvm::ArrayRef<bool>":$needed,
           "::llvm::SmallVectorImpl<::mlir::Value> &":$operandGradients)>
  ];
}

def LossOpInterface : OpInterface<"LossOpInterface"> {
  let description = "A loss: one number per image from a prediction, its first operand, and a label.";
  let cppNamespace = "::fovea::cnn";
  let methods = [
    InterfaceMethod<[{
        Creates the gradient of the mean loss by the prediction. `scalars` holds the factor and the number of images
        that count.
      }],
      "::mlir::Value", "predictionGradient", (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$scalars)>
  ];
}

/// Element i of each result depends on elements i of the operands alone.
def ElementwiseOp : NativeOpTrait<"ElementwiseOp"> {
  let cppNamespace = "::fovea::cnn";
}

/// The shapes of the results follow from operands and attributes.
def InferredShapes : NativeOpTrait<"InferredShapes"> {
  let cppNamespace = "::fovea::cnn";
}

#endif
