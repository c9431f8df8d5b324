#ifndef FOVEA_IR_OPS_RBF_TD
#define FOVEA_IR_OPS_RBF_TD

include "ir/CnnBase.td"

def RbfOp : Cnn_InferredOp<"rbf", [CountsFlops, Differentiable]> {
  let summary = "squared distance to each center: y[n,o] = sum over k of (x[n,k] - centers[o,k])^2";
  let description = "LeNet-5's output layer. The centers are constants: they have no gradient.";
  let arguments = (ins Cnn_Rows:$x, Cnn_DenseWeight:$centers);
  let results = (outs Cnn_Rows:$y);
}

def RbfInputGradientOp : Cnn_InferredOp<"rbf_input_gradient", [CountsFlops]> {
  let summary = "dx[n,k] = sum over o of 2 * dy[n,o] * (x[n,k] - centers[o,k])";
  let arguments = (ins Cnn_Rows:$x, Cnn_DenseWeight:$centers, Cnn_Rows:$dy);
  let results = (outs Cnn_Rows:$dx);
}

#endif
