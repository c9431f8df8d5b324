#ifndef FOVEA_IR_OPS_RBFMAPLOSS_TD
#define FOVEA_IR_OPS_RBFMAPLOSS_TD

include "ir/CnnBase.td"

def RbfMapLossOp : Cnn_InferredOp<"rbf_map_loss", [CountsFlops, Loss]> {
  let summary = "y[label] + log(exp(-j) + sum over i of exp(-y[i])) of each image";
  let description = [{
    The maximum a posteriori criterion of "Gradient-Based Learning Applied to Document Recognition" (1998), equation 9:
    it pulls the right class's distance down and pushes the others up; `j` bounds how far.
  }];
  let arguments = (ins Cnn_Activation:$y, Cnn_Labels:$labels, F32Attr:$j);
  let results = (outs Cnn_LossPerImage:$loss);
}

def RbfMapLossGradientOp : Cnn_InferredOp<"rbf_map_loss_gradient", [CountsFlops]> {
  let summary = "scalars[3] times the loss's gradient for images n < scalars[4], 0 for the others";
  let description = "dy[i] = (i == label) - exp(-y[i]) / (exp(-j) + sum over m of exp(-y[m]))";
  let arguments = (ins Cnn_Activation:$y, Cnn_Labels:$labels, Cnn_Scalars:$scalars, F32Attr:$j);
  let results = (outs Cnn_Activation:$dy);
}

#endif
