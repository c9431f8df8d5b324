#ifndef FOVEA_IR_OPS_SIGMOID_TD
#define FOVEA_IR_OPS_SIGMOID_TD

include "ir/CnnBase.td"

def SigmoidOp : Cnn_InferredOp<"sigmoid", [CountsFlops, ElementwiseOp, Differentiable]> {
  let summary = "1 / (1 + exp(-x))";
  let arguments = (ins Cnn_Activation:$x);
  let results = (outs Cnn_Activation:$y);
}

def SigmoidGradientOp : Cnn_InferredOp<"sigmoid_gradient", [CountsFlops, ElementwiseOp]> {
  let summary = "dy * y * (1 - y)";
  let arguments = (ins Cnn_Activation:$y, Cnn_Activation:$dy);
  let results = (outs Cnn_Activation:$dx);
}

#endif
