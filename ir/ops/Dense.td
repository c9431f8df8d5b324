#ifndef FOVEA_IR_OPS_DENSE_TD
#define FOVEA_IR_OPS_DENSE_TD

include "ir/CnnBase.td"

def DenseOp : Cnn_InferredOp<"dense", [CountsFlops, Differentiable]> {
  let summary = "fully connected layer: y[n,o] = bias[o] + sum over k of w[o,k] * x[n,k]";
  let description = "An input [N,C,H,W] is read as [N,C*H*W], in that order. Of x and w in bf16, products and sums are f32.";
  let arguments = (ins Cnn_ActivationRead:$x, Cnn_DenseWeightRead:$w, Optional<Cnn_Channels>:$bias);
  let results = (outs Cnn_Rows:$y);
}

def DenseInputGradientOp : Cnn_VerifiedOp<"dense_input_gradient", [CountsFlops]> {
  let summary = "gradient of a fully connected layer's input, flat or [N,C,H,W]: dx[n,k] = sum over o of w[o,k] * dy[n,o]";
  let arguments = (ins Cnn_Rows:$dy, Cnn_DenseWeight:$w);
  let results = (outs Cnn_Activation:$dx);
}

def DenseWeightGradientOp : Cnn_InferredOp<"dense_weight_gradient", [CountsFlops]> {
  let summary = "gradient of a fully connected layer's weight, summed over the batch";
  let arguments = (ins Cnn_Activation:$x, Cnn_Rows:$dy);
  let results = (outs Cnn_DenseWeight:$dw);
}

#endif
