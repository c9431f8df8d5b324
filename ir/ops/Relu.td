#ifndef FOVEA_IR_OPS_RELU_TD
#define FOVEA_IR_OPS_RELU_TD

include "ir/CnnBase.td"

def ReluOp : Cnn_InferredOp<"relu", [CountsOnePerElement, ElementwiseOp, Differentiable]> {
  let summary = "the larger of x and 0";
  let arguments = (ins Cnn_Activation:$x);
  let results = (outs Cnn_Activation:$y);
}

def ReluGradientOp : Cnn_InferredOp<"relu_gradient", [CountsOnePerElement, ElementwiseOp]> {
  let summary = "dy where y > 0, else 0";
  let arguments = (ins Cnn_Activation:$y, Cnn_Activation:$dy);
  let results = (outs Cnn_Activation:$dx);
}

#endif
