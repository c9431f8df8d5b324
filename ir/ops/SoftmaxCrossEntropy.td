#ifndef FOVEA_IR_OPS_SOFTMAXCROSSENTROPY_TD
#define FOVEA_IR_OPS_SOFTMAXCROSSENTROPY_TD

include "ir/CnnBase.td"

def SoftmaxCrossEntropyOp : Cnn_InferredOp<"softmax_cross_entropy", [CountsFlops, Loss]> {
  let summary = "weight * -log(softmax(logits)[label]) of each image, plus the loss of an auxiliary classifier";
  let description = [{
    A chain of losses, each adding the one before it, is the loss of a network with auxiliary classifiers: "their loss gets
    added to the total loss of the network with a discount weight" (Szegedy et al. 2015, section 5).
  }];
  let arguments = (ins Cnn_Activation:$logits, Cnn_Labels:$labels, Optional<Cnn_LossPerImage>:$plus,
                       DefaultValuedAttr<F32Attr, "1.0f">:$weight);
  let builders = [OpBuilder<(ins "::mlir::Value":$logits, "::mlir::Value":$labels), [{
    build($_builder, $_state, logits, labels, ::mlir::Value(), ::mlir::FloatAttr());
  }]>];
  let results = (outs Cnn_LossPerImage:$loss);
}

def SoftmaxCrossEntropyGradientOp : Cnn_InferredOp<"softmax_cross_entropy_gradient", [CountsFlops]> {
  let summary = "weight * scalars[3] * (softmax(logits) - onehot(label)) for images n < scalars[4], 0 for the others";
  let arguments = (ins Cnn_Activation:$logits, Cnn_Labels:$labels, Cnn_Scalars:$scalars,
                       DefaultValuedAttr<F32Attr, "1.0f">:$weight);
  let builders = [OpBuilder<(ins "::mlir::Value":$logits, "::mlir::Value":$labels, "::mlir::Value":$scalars), [{
    build($_builder, $_state, logits, labels, scalars, ::mlir::FloatAttr());
  }]>];
  let results = (outs Cnn_Activation:$dlogits);
}

#endif
