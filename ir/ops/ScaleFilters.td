#ifndef FOVEA_IR_OPS_SCALEFILTERS_TD
#define FOVEA_IR_OPS_SCALEFILTERS_TD

include "ir/CnnBase.td"

def ScaleFiltersOp : Cnn_InferredOp<"scale_filters", [CountsFlops]> {
  let summary = "each filter of a weight times its coefficient: the layer's result is then scaled by channel";
  let arguments = (ins Cnn_Weight:$w, Cnn_Channels:$coefficient);
  let results = (outs Cnn_Weight:$scaled);
}

def ScaleBiasOp : Cnn_InferredOp<"scale_bias", [CountsFlops]> {
  let summary = "bias * coefficient + offset: the bias of a layer whose result is scaled by channel and moved";
  let arguments = (ins Cnn_Channels:$bias, Cnn_Channels:$coefficient, Optional<Cnn_Channels>:$offset);
  let results = (outs Cnn_Channels:$scaled);
}

#endif
