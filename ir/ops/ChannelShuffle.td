#ifndef FOVEA_IR_OPS_CHANNELSHUFFLE_TD
#define FOVEA_IR_OPS_CHANNELSHUFFLE_TD

include "ir/CnnBase.td"

def ChannelShuffleOp : Cnn_InferredOp<"channel_shuffle", [CountsFlops, Differentiable]> {
  let summary = "the first channel of each group, then the second of each, ...";
  let description = [{
    Zhang, Zhou, Lin, Sun 2017, section 3.1: the C channels, seen as `groups` rows of C / groups, are transposed.
    Channel c of the result is channel (c mod groups) * (C / groups) + c / groups of x. A shuffle of C / groups groups
    undoes it.
  }];
  let arguments = (ins Cnn_Activation:$x, I64Attr:$groups);
  let results = (outs Cnn_Activation:$y);
  let hasFolder = 1;
}

#endif
