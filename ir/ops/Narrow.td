#ifndef FOVEA_IR_OPS_NARROW_TD
#define FOVEA_IR_OPS_NARROW_TD

include "ir/CnnBase.td"

def NarrowOp : Cnn_InferredOp<"narrow", [CountsOnePerElement, ElementwiseOp]> {
  let summary = "the nearest bf16 of each element, ties to even: what a layer reads instead of x or its weight";
  let arguments = (ins Cnn_Tensor:$x);
  let results = (outs Cnn_NarrowTensor:$y);
  let hasVerifier = 1;
}

#endif
