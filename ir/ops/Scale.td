#ifndef FOVEA_IR_OPS_SCALE_TD
#define FOVEA_IR_OPS_SCALE_TD

include "ir/CnnBase.td"

def ScaleOp : Cnn_InferredOp<"scale", [CountsFlops, Differentiable]> {
  let summary = "coefficient[c] * x + bias[c], per channel";
  let arguments = (ins Cnn_Activation:$x, Cnn_Channels:$coefficient, Optional<Cnn_Channels>:$bias);
  let results = (outs Cnn_Activation:$y);
}

def ScaleCoefficientGradientOp : Cnn_InferredOp<"scale_coefficient_gradient", [CountsFlops]> {
  let summary = "gradient of a scale's coefficients: the sum of x * dy over everything but the channel";
  let arguments = (ins Cnn_Activation:$x, Cnn_Activation:$dy);
  let results = (outs Cnn_Channels:$dc);
}

#endif
