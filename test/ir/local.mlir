// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @forward
// CHECK: cnn.local %{{.*}}, %{{.*}}, %{{.*}} {pad = array<i64: 1, 0, 1, 0>, stride = array<i64: 2, 1>} : (tensor<2x3x6x5xf32>, tensor<4x3x3x3x3x3xf32>, tensor<4x3x3xf32>) -> tensor<2x4x3x3xf32>
func.func @forward(%x: tensor<2x3x6x5xf32>, %w: tensor<4x3x3x3x3x3xf32>, %b: tensor<4x3x3xf32>) -> tensor<2x4x3x3xf32> {
  %0 = cnn.local %x, %w, %b {stride = array<i64: 2, 1>, pad = array<i64: 1, 0, 1, 0>} : (tensor<2x3x6x5xf32>, tensor<4x3x3x3x3x3xf32>, tensor<4x3x3xf32>) -> tensor<2x4x3x3xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// CHECK-LABEL: @layouts
// CHECK: cnn.local %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>, tensor<5x2x2x3x3x3xf32, #cnn.layout<local_weight, 4>>, tensor<5x2x2xf32, #cnn.layout<channels_last, 8>>) -> tensor<2x5x2x2xf32, #cnn.layout<channels_last, 8>>
func.func @layouts(%x: tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>, %w: tensor<5x2x2x3x3x3xf32, #cnn.layout<local_weight, 4>>, %b: tensor<5x2x2xf32, #cnn.layout<channels_last, 8>>) -> tensor<2x5x2x2xf32, #cnn.layout<channels_last, 8>> {
  %0 = cnn.local %x, %w, %b : (tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>, tensor<5x2x2x3x3x3xf32, #cnn.layout<local_weight, 4>>, tensor<5x2x2xf32, #cnn.layout<channels_last, 8>>) -> tensor<2x5x2x2xf32, #cnn.layout<channels_last, 8>>
  return %0 : tensor<2x5x2x2xf32, #cnn.layout<channels_last, 8>>
}

// CHECK-LABEL: @gradients
// CHECK: cnn.local_input_gradient %{{.*}}, %{{.*}} : (tensor<2x4x2x2xf32>, tensor<4x2x2x3x3x3xf32>) -> tensor<2x3x4x4xf32>
// CHECK: cnn.local_weight_gradient %{{.*}}, %{{.*}} : (tensor<2x3x4x4xf32>, tensor<2x4x2x2xf32>) -> tensor<4x2x2x3x3x3xf32>
// CHECK: cnn.local_bias_gradient %{{.*}} : (tensor<2x4x2x2xf32>) -> tensor<4x2x2xf32>
func.func @gradients(%x: tensor<2x3x4x4xf32>, %dy: tensor<2x4x2x2xf32>, %w: tensor<4x2x2x3x3x3xf32>) -> (tensor<2x3x4x4xf32>, tensor<4x2x2x3x3x3xf32>, tensor<4x2x2xf32>) {
  %0 = cnn.local_input_gradient %dy, %w : (tensor<2x4x2x2xf32>, tensor<4x2x2x3x3x3xf32>) -> tensor<2x3x4x4xf32>
  %1 = cnn.local_weight_gradient %x, %dy : (tensor<2x3x4x4xf32>, tensor<2x4x2x2xf32>) -> tensor<4x2x2x3x3x3xf32>
  %2 = cnn.local_bias_gradient %dy : (tensor<2x4x2x2xf32>) -> tensor<4x2x2xf32>
  return %0, %1, %2 : tensor<2x3x4x4xf32>, tensor<4x2x2x3x3x3xf32>, tensor<4x2x2xf32>
}
