#ifndef FOVEA_IR_OPS_LOCAL_TD
#define FOVEA_IR_OPS_LOCAL_TD

include "ir/CnnBase.td"

defvar localAttributes = (ins Cnn_Stride:$stride, Cnn_Pad:$pad);

def LocalOp : Cnn_InferredOp<"local", [CountsFlops, Differentiable]> {
  let summary = "unshared convolution, each result pixel with filters and biases of its own: y[n,o,p,q] = bias[o,p,q] + "
                "sum over i,u,v of w[o,p,q,i,u,v] * x[n,i,p*sh+u-top,q*sw+v-left]";
  let arguments = !con((ins Cnn_Image:$x, Cnn_LocalWeight:$w, Optional<Cnn_LocalBias>:$bias), localAttributes);
  let results = (outs Cnn_Image:$y);
}

def LocalInputGradientOp : Cnn_VerifiedOp<"local_input_gradient", [CountsFlops]> {
  let summary = "gradient of an unshared convolution's input";
  let arguments = !con((ins Cnn_Image:$dy, Cnn_LocalWeight:$w), localAttributes);
  let results = (outs Cnn_Image:$dx);
}

def LocalWeightGradientOp : Cnn_VerifiedOp<"local_weight_gradient", [CountsFlops]> {
  let summary = "gradient of an unshared convolution's weight, summed over the batch";
  let arguments = !con((ins Cnn_Image:$x, Cnn_Image:$dy), localAttributes);
  let results = (outs Cnn_LocalWeight:$dw);
}

def LocalBiasGradientOp : Cnn_InferredOp<"local_bias_gradient", [CountsFlops]> {
  let summary = "gradient of an unshared convolution's biases: the sum of dy over the batch";
  let arguments = (ins Cnn_Image:$dy);
  let results = (outs Cnn_LocalBias:$db);
}

#endif
