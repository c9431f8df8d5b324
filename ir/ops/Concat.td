#ifndef FOVEA_IR_OPS_CONCAT_TD
#define FOVEA_IR_OPS_CONCAT_TD

include "ir/CnnBase.td"

def ConcatOp : Cnn_InferredOp<"concat", [CountsFlops, Differentiable]> {
  let summary = "the operands' channels, one operand after the other";
  let arguments = (ins Variadic<Cnn_Activation>:$inputs);
  let results = (outs Cnn_Activation:$y);
  let hasFolder = 1;
}

def SliceOp : Cnn_InferredOp<"slice", [CountsFlops]> {
  let summary = "channels offset to offset + size";
  let arguments = (ins Cnn_Activation:$x, I64Attr:$offset, I64Attr:$size);
  let results = (outs Cnn_Activation:$y);
  let hasFolder = 1;
}

#endif
