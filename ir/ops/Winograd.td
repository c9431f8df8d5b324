#ifndef FOVEA_IR_OPS_WINOGRAD_TD
#define FOVEA_IR_OPS_WINOGRAD_TD

include "ir/CnnBase.td"

/// Winograd's minimal filtering on tiles of `tile` by `tile` results; the transformed kernels are t = tile + kernel - 1
/// numbers wide and high (Lavin and Gray 2015).
defvar winogradAttributes = (ins I64Attr:$tile, Cnn_Pad:$pad, DefaultValuedAttr<I64Attr, "1">:$groups);

def WinogradWeightOp : Cnn_InferredOp<"winograd_weight", [CountsFlops]> {
  let summary = "a convolution's weight in Winograd's domain: u[o,i] = G w[o,i] G^T, t by t numbers for each kernel";
  let description = [{
    With `transposed` for the gradient of the input: of kernels turned by half a turn, in layout weight_transposed.
  }];
  let arguments = (ins Cnn_ConvWeight:$w, I64Attr:$tile, DefaultValuedAttr<I64Attr, "1">:$groups,
                       DefaultValuedAttr<BoolAttr, "false">:$transposed);
  let results = (outs Cnn_ConvWeight:$u);
}

def WinogradConv2dOp : Cnn_InferredOp<"winograd_conv2d", [CountsFlops]> {
  let summary = "a convolution with stride 1 by products in Winograd's domain: A^T [sum over i of u[o,i] * (B^T d B)] A "
                "of each tile d of x";
  let description = [{
    With `transposed`, u is that of winograd_weight with `transposed`, x has u's first extent of channels and the result
    the channels of all groups' second: the gradient of a convolution's input from that of its result.
  }];
  let arguments = !con((ins Cnn_Image:$x, Cnn_ConvWeight:$u, Optional<Cnn_Channels>:$bias), winogradAttributes,
                       (ins DefaultValuedAttr<BoolAttr, "false">:$transposed));
  let results = (outs Cnn_Image:$y);
}

def WinogradInputGradientOp : Cnn_VerifiedOp<"winograd_input_gradient", [CountsFlops]> {
  let summary = "gradient of a convolution's input, by products in Winograd's domain for each tile of dy: a tile's gradient "
                "reaches t by t pixels of dx, and where tiles overlap they are added up";
  let description = [{
    What a convolution of dy with the turned kernels computes from tiles of dx (winograd_conv2d with `transposed`), this
    computes from tiles of dy, which is the smaller image where the padding is less than half of the kernel. `pad` is the
    forward convolution's, u that of winograd_weight with `transposed`.
  }];
  let arguments = !con((ins Cnn_Image:$dy, Cnn_ConvWeight:$u), winogradAttributes);
  let results = (outs Cnn_Image:$dx);
}

def WinogradWeightGradientOp : Cnn_VerifiedOp<"winograd_weight_gradient", [CountsFlops]> {
  let summary = "gradient of a convolution's weight, summed over the batch and over tiles of dy in Winograd's domain";
  let arguments = !con((ins Cnn_Image:$x, Cnn_Image:$dy), winogradAttributes);
  let results = (outs Cnn_ConvWeight:$dw);
}

#endif
