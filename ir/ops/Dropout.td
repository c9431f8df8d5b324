#ifndef FOVEA_IR_OPS_DROPOUT_TD
#define FOVEA_IR_OPS_DROPOUT_TD

include "ir/CnnBase.td"

def DropoutOp : Cnn_InferredOp<"dropout", [CountsOnePerElement, ElementwiseOp, Differentiable]> {
  let summary = "each element is 0 with probability p, else x / (1 - p); the identity without scalars";
  let description = [{
    Hinton et al. 2012, in the form whose inference is the identity. Whether an element is dropped follows from a hash of
    scalars[6] (seed), scalars[7] (number of the update), `stream` (one per layer) and the element's logical index in the
    update's batch, in which the first image here has the place scalars[5] - 1. So the gradient is the same operation on
    dy: no mask is kept, a resumed run repeats its masks, and the parts in which a batch is computed do not change them.
    Where scalars[5] is 0, or there are no scalars (inference), nothing is dropped or scaled.
  }];
  let arguments = (ins Cnn_Activation:$x, Optional<Cnn_Scalars>:$scalars, F32Attr:$p,
                       DefaultValuedAttr<I64Attr, "0">:$stream);
  let results = (outs Cnn_Activation:$y);
  let hasFolder = 1;
  let hasVerifier = 1;
}

#endif
