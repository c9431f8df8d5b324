#ifndef FOVEA_IR_OPS_AVGPOOL_TD
#define FOVEA_IR_OPS_AVGPOOL_TD

include "ir/CnnBase.td"

defvar avgPoolAttributes =
    !con(poolAttributes, (ins DefaultValuedAttr<Cnn_DivisorAttr, "::fovea::cnn::Divisor::padded">:$divisor));

def AvgPoolOp : Cnn_InferredOp<"avg_pool", [CountsFlops, Differentiable]> {
  let summary = "sum of each window, divided";
  let description = [{
    `divisor` is what the sum is divided by: "padded", the window's elements in the padded input (an overhang past it,
    which `ceil` makes, does not count: as in Caffe and PyTorch); "valid", those in the input itself; "one", a plain
    sum, as LeNet's subsampling wants it.
  }];
  let arguments = !con((ins Cnn_Image:$x), avgPoolAttributes);
  let results = (outs Cnn_Image:$y);
}

def AvgPoolGradientOp : Cnn_VerifiedOp<"avg_pool_gradient", [CountsFlops]> {
  let summary = "gradient of an average pooling's input: each dy, divided, goes to its whole window";
  let arguments = !con((ins Cnn_Image:$dy), avgPoolAttributes);
  let results = (outs Cnn_Image:$dx);
}

#endif
