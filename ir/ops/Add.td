#ifndef FOVEA_IR_OPS_ADD_TD
#define FOVEA_IR_OPS_ADD_TD

include "ir/CnnBase.td"

def AddOp : Cnn_InferredOp<"add", [CountsOnePerElement, Differentiable, ElementwiseOp]> {
  let summary = "a + b, element by element";
  let arguments = (ins Cnn_Tensor:$a, Cnn_Tensor:$b);
  let results = (outs Cnn_Tensor:$y);
}

#endif
