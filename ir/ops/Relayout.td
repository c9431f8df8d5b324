#ifndef FOVEA_IR_OPS_RELAYOUT_TD
#define FOVEA_IR_OPS_RELAYOUT_TD

include "ir/CnnBase.td"

def RelayoutOp : Cnn_VerifiedOp<"relayout", [CountsFlops]> {
  let summary = "the same tensor in the memory order of the result's type";
  let description = "To the type it already has, it is a copy: the memory plan may need one, so it does not fold.";
  let arguments = (ins Cnn_Tensor:$x);
  let results = (outs Cnn_Tensor:$y);
}

#endif
