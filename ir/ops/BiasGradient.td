#ifndef FOVEA_IR_OPS_BIASGRADIENT_TD
#define FOVEA_IR_OPS_BIASGRADIENT_TD

include "ir/CnnBase.td"

def BiasGradientOp : Cnn_InferredOp<"bias_gradient", [CountsFlops]> {
  let summary = "gradient of a bias per channel: the sum of dy over everything else";
  let arguments = (ins Cnn_Activation:$dy);
  let results = (outs Cnn_Channels:$db);
}

#endif
