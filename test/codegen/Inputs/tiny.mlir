// A convolution, pooling and a dense layer, as IR generation makes them.
module attributes {cnn.network = "Tiny", cnn.input = {name = "image", shape = [1, 8, 8]}} {
  cnn.parameter @conv.weight : tensor<4x1x3x3xf32> {init = {kind = "xavier"}}
  cnn.parameter @conv.bias : tensor<4xf32> {init = {kind = "constant", value = 0.0 : f32}}
  cnn.parameter @fc.weight : tensor<3x36xf32> {init = {kind = "xavier"}}
  func.func @infer_b1(%image: tensor<1x1x8x8xf32>) -> tensor<1x3xf32>
      attributes {cnn.kind = "infer", cnn.batch = 1 : i64} {
    %w = cnn.load @conv.weight {block = "value"} : tensor<4x1x3x3xf32>
    %b = cnn.load @conv.bias {block = "value"} : tensor<4xf32>
    %0 = cnn.conv2d %image, %w, %b {cnn.layer = "conv"}
        : (tensor<1x1x8x8xf32>, tensor<4x1x3x3xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %1 = cnn.max_pool %0 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, cnn.layer = "conv"}
        : (tensor<1x4x6x6xf32>) -> tensor<1x4x3x3xf32>
    %k = cnn.load @fc.weight {block = "value"} : tensor<3x36xf32>
    %2 = cnn.dense %1, %k {cnn.layer = "fc"} : (tensor<1x4x3x3xf32>, tensor<3x36xf32>) -> tensor<1x3xf32>
    return %2 : tensor<1x3xf32>
  }
}
