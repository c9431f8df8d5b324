#ifndef FOVEA_IR_OPS_CONV2D_TD
#define FOVEA_IR_OPS_CONV2D_TD

include "ir/CnnBase.td"

def Conv2dOp : Cnn_InferredOp<"conv2d", [CountsFlops, Differentiable]> {
  let summary = "convolution: y[n,o,p,q] = bias[o] + sum over i,u,v of "
                "w[o,i,u,v] * x[n,g*I+i,p*sh+u*dh-top,q*sw+v*dw-left], g = o / (O / groups)";
  let description = "Of x and w in bf16, products and sums are f32.";
  let arguments = !con((ins Cnn_ImageRead:$x, Cnn_ConvWeightRead:$w, Optional<Cnn_Channels>:$bias), convolutionAttributes);
  let results = (outs Cnn_Image:$y);
}

def Conv2dInputGradientOp : Cnn_VerifiedOp<"conv2d_input_gradient", [CountsFlops]> {
  let summary = "gradient of a convolution's input, from that of its result and the transposed weight";
  let arguments = !con((ins Cnn_Image:$dy, Cnn_ConvWeight:$wt), convolutionAttributes);
  let results = (outs Cnn_Image:$dx);
}

def Conv2dWeightGradientOp : Cnn_VerifiedOp<"conv2d_weight_gradient", [CountsFlops]> {
  let summary = "gradient of a convolution's weight, summed over the batch";
  let arguments = !con((ins Cnn_Image:$x, Cnn_Image:$dy), convolutionAttributes);
  let results = (outs Cnn_ConvWeight:$dw);
}

#endif
