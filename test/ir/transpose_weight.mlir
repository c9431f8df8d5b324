// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @convolution
// CHECK: cnn.transpose_weight %{{.*}} : (tensor<4x3x5x5xf32, #cnn.layout<weight, 8>>) -> tensor<4x3x5x5xf32, #cnn.layout<weight_transposed, 8>>
func.func @convolution(%w: tensor<4x3x5x5xf32, #cnn.layout<weight, 8>>) -> tensor<4x3x5x5xf32, #cnn.layout<weight_transposed, 8>> {
  %0 = cnn.transpose_weight %w : (tensor<4x3x5x5xf32, #cnn.layout<weight, 8>>) -> tensor<4x3x5x5xf32, #cnn.layout<weight_transposed, 8>>
  return %0 : tensor<4x3x5x5xf32, #cnn.layout<weight_transposed, 8>>
}
