#ifndef FOVEA_IR_OPS_SOFTMAXCROSSENTROPY_TD
#define FOVEA_IR_OPS_SOFTMAXCROSSENTROPY_TD

include "ir/CnnBase.td"

def SoftmaxCrossEntropyOp : Cnn_InferredOp<"softmax_cross_entropy", [CountsFlops, Loss]> {
  let summary = "-log(softmax(logits)[label]) of each image";
  let arguments = (ins Cnn_Activation:$logits, Cnn_Labels:$labels);
  let results = (outs Cnn_LossPerImage:$loss);
}

def SoftmaxCrossEntropyGradientOp : Cnn_InferredOp<"softmax_cross_entropy_gradient", [CountsFlops]> {
  let summary = "scalars[3] * (softmax(logits) - onehot(label)) for images n < scalars[4], 0 for the others";
  let arguments = (ins Cnn_Activation:$logits, Cnn_Labels:$labels, Cnn_Scalars:$scalars);
  let results = (outs Cnn_Activation:$dlogits);
}

#endif
