// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @image
// CHECK: cnn.bias_gradient %{{.*}} : (tensor<2x3x8x8xf32>) -> tensor<3xf32>
func.func @image(%dy: tensor<2x3x8x8xf32>) -> tensor<3xf32> {
  %0 = cnn.bias_gradient %dy : (tensor<2x3x8x8xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// CHECK-LABEL: @rows
// CHECK: cnn.bias_gradient %{{.*}} : (tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<10xf32, #cnn.layout<vector, 16>>
func.func @rows(%dy: tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<10xf32, #cnn.layout<vector, 16>> {
  %0 = cnn.bias_gradient %dy : (tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<10xf32, #cnn.layout<vector, 16>>
  return %0 : tensor<10xf32, #cnn.layout<vector, 16>>
}
