#ifndef FOVEA_IR_OPS_LRN_TD
#define FOVEA_IR_OPS_LRN_TD

include "ir/CnnBase.td"

/// `size` elements around each are summed: one less than half before it, rounded down. Alpha is not divided by anything.
defvar lrnAttributes = (ins I64Attr:$size, F32Attr:$alpha, F32Attr:$beta, DefaultValuedAttr<F32Attr, "1.0f">:$k,
                            DefaultValuedAttr<Cnn_LrnRegionAttr, "::fovea::cnn::LrnRegion::across">:$region);

def LrnOp : Cnn_InferredOp<"lrn", [CountsFlops, Differentiable]> {
  let summary = "local response normalization: x / (k + alpha * sum of the squares around x)^beta";
  let description = [{
    Krizhevsky, Sutskever, Hinton 2012, section 3.3. The sum is over `size` neighbouring channels of the same pixel
    (`across`), or over the size x size window of the same channel (`within`); what lies outside counts as zero.
  }];
  let arguments = !con((ins Cnn_Image:$x), lrnAttributes);
  let results = (outs Cnn_Image:$y);
  let hasVerifier = 1;
}

def LrnGradientOp : Cnn_InferredOp<"lrn_gradient", [CountsFlops]> {
  let summary = "gradient of a local response normalization's input; the sums are computed again from x";
  let arguments = !con((ins Cnn_Image:$x, Cnn_Image:$dy), lrnAttributes);
  let results = (outs Cnn_Image:$dx);
  let hasVerifier = 1;
}

#endif
