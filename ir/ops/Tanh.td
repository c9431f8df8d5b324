#ifndef FOVEA_IR_OPS_TANH_TD
#define FOVEA_IR_OPS_TANH_TD

include "ir/CnnBase.td"

defvar tanhAttributes = (ins DefaultValuedAttr<F32Attr, "1.0f">:$amplitude, DefaultValuedAttr<F32Attr, "1.0f">:$slope);

def TanhOp : Cnn_InferredOp<"tanh", [CountsFlops, ElementwiseOp, Differentiable]> {
  let summary = "amplitude * tanh(slope * x)";
  let arguments = !con((ins Cnn_Activation:$x), tanhAttributes);
  let results = (outs Cnn_Activation:$y);
}

def TanhGradientOp : Cnn_InferredOp<"tanh_gradient", [CountsFlops, ElementwiseOp]> {
  let summary = "dy * slope * (amplitude - y^2 / amplitude)";
  let arguments = !con((ins Cnn_Activation:$y, Cnn_Activation:$dy), tanhAttributes);
  let results = (outs Cnn_Activation:$dx);
}

#endif
