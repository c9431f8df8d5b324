#ifndef FOVEA_IR_OPS_RELU_TD
#define FOVEA_IR_OPS_RELU_TD

include "ir/CnnBase.td"

/// Below 0, the line of this slope; above `max`, where it is given, `max`.
defvar reluAttributes = (ins DefaultValuedAttr<F32Attr, "0.0f">:$slope, OptionalAttr<F32Attr>:$max);

def ReluOp : Cnn_InferredOp<"relu", [CountsOnePerElement, ElementwiseOp, Differentiable]> {
  let summary = "the larger of x and slope * x, at most max";
  let arguments = !con((ins Cnn_Activation:$x), reluAttributes);
  let builders = [OpBuilder<(ins "::mlir::Value":$x), [{
    build($_builder, $_state, x, ::mlir::FloatAttr(), ::mlir::FloatAttr());
  }]>];
  let hasVerifier = 1;
  let results = (outs Cnn_Activation:$y);
}

def ReluGradientOp : Cnn_InferredOp<"relu_gradient", [CountsOnePerElement, ElementwiseOp]> {
  let summary = "dy where 0 < y < max, slope * dy where y < 0, else 0";
  let arguments = !con((ins Cnn_Activation:$y, Cnn_Activation:$dy), reluAttributes);
  let builders = [OpBuilder<(ins "::mlir::Value":$y, "::mlir::Value":$dy), [{
    build($_builder, $_state, y, dy, ::mlir::FloatAttr(), ::mlir::FloatAttr());
  }]>];
  let results = (outs Cnn_Activation:$dx);
}

#endif
