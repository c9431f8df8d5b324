#ifndef FOVEA_IR_OPS_SOFTMAX_TD
#define FOVEA_IR_OPS_SOFTMAX_TD

include "ir/CnnBase.td"

def SoftmaxOp : Cnn_InferredOp<"softmax", [CountsFlops, Differentiable]> {
  let summary = "exp(x) over the sum of exp(x) of all channels";
  let arguments = (ins Cnn_Activation:$x);
  let results = (outs Cnn_Activation:$y);
}

def SoftmaxGradientOp : Cnn_InferredOp<"softmax_gradient", [CountsFlops]> {
  let summary = "y * (dy - sum over channels of y * dy)";
  let arguments = (ins Cnn_Activation:$y, Cnn_Activation:$dy);
  let results = (outs Cnn_Activation:$dx);
}

#endif
