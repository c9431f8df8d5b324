// A convolution that is computed by Winograd's filtering, as IR generation makes it.
module attributes {cnn.network = "Tiny", cnn.input = {name = "image", shape = [64, 26, 26]}} {
  cnn.parameter @conv.weight : tensor<64x64x3x3xf32> {init = {kind = "xavier"}}
  cnn.parameter @conv.bias : tensor<64xf32> {init = {kind = "constant", value = 0.0 : f32}}
  func.func @infer_b1(%image: tensor<1x64x26x26xf32>) -> tensor<1x64x24x24xf32>
      attributes {cnn.kind = "infer", cnn.batch = 1 : i64} {
    %w = cnn.load @conv.weight {block = "value"} : tensor<64x64x3x3xf32>
    %b = cnn.load @conv.bias {block = "value"} : tensor<64xf32>
    %0 = cnn.conv2d %image, %w, %b {cnn.layer = "conv"}
        : (tensor<1x64x26x26xf32>, tensor<64x64x3x3xf32>, tensor<64xf32>) -> tensor<1x64x24x24xf32>
    %1 = cnn.relu %0 {cnn.layer = "conv"} : (tensor<1x64x24x24xf32>) -> tensor<1x64x24x24xf32>
    return %1 : tensor<1x64x24x24xf32>
  }
}
