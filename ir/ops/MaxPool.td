#ifndef FOVEA_IR_OPS_MAXPOOL_TD
#define FOVEA_IR_OPS_MAXPOOL_TD

include "ir/CnnBase.td"

def MaxPoolOp : Cnn_InferredOp<"max_pool", [CountsFlops]> {
  let summary = "largest element of each window; padding never wins";
  let description = [{
    Has no gradient of its own: the differentiation first replaces it by `cnn.max_pool_indices`, which remembers where
    the maxima were.
  }];
  let arguments = !con((ins Cnn_Image:$x), poolAttributes);
  let results = (outs Cnn_Image:$y);
}

def MaxPoolIndicesOp : Cnn_InferredOp<"max_pool_indices", [CountsFlops, Differentiable]> {
  let summary = "max pooling that also gives the place of the first maximum: row * kw + column in its window";
  let arguments = !con((ins Cnn_Image:$x), poolAttributes);
  let results = (outs Cnn_Image:$y, Cnn_PoolIndices:$indices);
}

def MaxPoolGradientOp : Cnn_VerifiedOp<"max_pool_gradient", [CountsFlops]> {
  let summary = "gradient of a max pooling's input: each dy goes to the place of its maximum";
  let arguments = !con((ins Cnn_PoolIndices:$indices, Cnn_Image:$dy), poolAttributes);
  let results = (outs Cnn_Image:$dx);
}

#endif
