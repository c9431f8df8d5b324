#ifndef FOVEA_IR_OPS_TRANSPOSEWEIGHT_TD
#define FOVEA_IR_OPS_TRANSPOSEWEIGHT_TD

include "ir/CnnBase.td"

def TransposeWeightOp : Cnn_InferredOp<"transpose_weight", [CountsFlops]> {
  let summary = "the same weight, for reading by input channels: layout weight becomes weight_transposed";
  let arguments = (ins Cnn_ConvWeight:$w);
  let results = (outs Cnn_ConvWeight:$wt);
}

#endif
