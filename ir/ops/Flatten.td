#ifndef FOVEA_IR_OPS_FLATTEN_TD
#define FOVEA_IR_OPS_FLATTEN_TD

include "ir/CnnBase.td"

def FlattenOp : Cnn_InferredOp<"flatten", [CountsFlops, Differentiable]> {
  let summary = "[N,C,H,W] seen as [N,C*H*W], in that order";
  let arguments = (ins Cnn_Activation:$x);
  let results = (outs Cnn_Rows:$y);
  let hasFolder = 1;
}

def UnflattenOp : Cnn_VerifiedOp<"unflatten", [CountsFlops, Differentiable]> {
  let summary = "[N,C*H*W] seen as the result's [N,C,H,W]";
  let arguments = (ins Cnn_Rows:$x);
  let results = (outs Cnn_Image:$y);
}

#endif
