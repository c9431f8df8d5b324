#ifndef FOVEA_IR_OPS_SGDUPDATE_TD
#define FOVEA_IR_OPS_SGDUPDATE_TD

include "ir/CnnBase.td"

def SgdUpdateOp : Cnn_InferredOp<"sgd_update", [CountsFlops]> {
  let summary = "one step of stochastic gradient descent with momentum and weight decay";
  let description = [{
    new_v = scalars[1] * v + scalars[0] * lr_mult * (g + scalars[2] * decay_mult * w); new_w = w - new_v (Caffe's
    formula: the learning rate is inside the momentum).
  }];
  let arguments = (ins Cnn_Tensor:$w, Cnn_Tensor:$g, Cnn_Tensor:$v, Cnn_Scalars:$scalars,
                       DefaultValuedAttr<F32Attr, "1.0f">:$lr_mult, DefaultValuedAttr<F32Attr, "1.0f">:$decay_mult);
  let results = (outs Cnn_Tensor:$new_w, Cnn_Tensor:$new_v);
}

#endif
