#ifndef FOVEA_IR_OPS_MUL_TD
#define FOVEA_IR_OPS_MUL_TD

include "ir/CnnBase.td"

def MulOp : Cnn_InferredOp<"mul", [CountsOnePerElement, Differentiable, ElementwiseOp]> {
  let summary = "a * b, element by element";
  let arguments = (ins Cnn_Tensor:$a, Cnn_Tensor:$b);
  let results = (outs Cnn_Tensor:$y);
}

#endif
