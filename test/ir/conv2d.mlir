// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @defaults
// CHECK: cnn.conv2d %{{.*}}, %{{.*}} : (tensor<2x3x8x8xf32>, tensor<4x3x5x5xf32>) -> tensor<2x4x4x4xf32>
func.func @defaults(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x5x5xf32>) -> tensor<2x4x4x4xf32> {
  %0 = cnn.conv2d %x, %w : (tensor<2x3x8x8xf32>, tensor<4x3x5x5xf32>) -> tensor<2x4x4x4xf32>
  return %0 : tensor<2x4x4x4xf32>
}

// CHECK-LABEL: @bias_stride_pad
// CHECK: cnn.conv2d %{{.*}}, %{{.*}}, %{{.*}} {pad = array<i64: 1, 2, 1, 2>, stride = array<i64: 2, 3>} : (tensor<2x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<2x4x4x4xf32>
func.func @bias_stride_pad(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4xf32>) -> tensor<2x4x4x4xf32> {
  %0 = cnn.conv2d %x, %w, %b {pad = array<i64: 1, 2, 1, 2>, stride = array<i64: 2, 3>} : (tensor<2x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<2x4x4x4xf32>
  return %0 : tensor<2x4x4x4xf32>
}

// CHECK-LABEL: @layer_and_layouts
// CHECK: cnn.conv2d %{{.*}}, %{{.*}} {cnn.layer = "conv1"} : (tensor<2x3x8x8xf32, #cnn.layout<channels_last, 3>>, tensor<4x3x5x5xf32, #cnn.layout<weight, 8>>) -> tensor<2x4x4x4xf32, #cnn.layout<channels_last, 8>>
func.func @layer_and_layouts(%x: tensor<2x3x8x8xf32, #cnn.layout<channels_last, 3>>, %w: tensor<4x3x5x5xf32, #cnn.layout<weight, 8>>) -> tensor<2x4x4x4xf32, #cnn.layout<channels_last, 8>> {
  %0 = cnn.conv2d %x, %w {cnn.layer = "conv1"} : (tensor<2x3x8x8xf32, #cnn.layout<channels_last, 3>>, tensor<4x3x5x5xf32, #cnn.layout<weight, 8>>) -> tensor<2x4x4x4xf32, #cnn.layout<channels_last, 8>>
  return %0 : tensor<2x4x4x4xf32, #cnn.layout<channels_last, 8>>
}

// CHECK-LABEL: @input_gradient
// CHECK: cnn.conv2d_input_gradient %{{.*}}, %{{.*}} {pad = array<i64: 1, 1, 1, 1>} : (tensor<2x4x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<2x3x8x8xf32>
func.func @input_gradient(%dy: tensor<2x4x8x8xf32>, %wt: tensor<4x3x3x3xf32>) -> tensor<2x3x8x8xf32> {
  %0 = cnn.conv2d_input_gradient %dy, %wt {pad = array<i64: 1, 1, 1, 1>} : (tensor<2x4x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<2x3x8x8xf32>
  return %0 : tensor<2x3x8x8xf32>
}

// CHECK-LABEL: @input_gradient_stride_past_the_last_window
// CHECK: cnn.conv2d_input_gradient %{{.*}}, %{{.*}} {stride = array<i64: 2, 2>} : (tensor<2x4x3x3xf32>, tensor<4x3x3x3xf32>) -> tensor<2x3x8x8xf32>
func.func @input_gradient_stride_past_the_last_window(%dy: tensor<2x4x3x3xf32>, %wt: tensor<4x3x3x3xf32>) -> tensor<2x3x8x8xf32> {
  %0 = cnn.conv2d_input_gradient %dy, %wt {stride = array<i64: 2, 2>} : (tensor<2x4x3x3xf32>, tensor<4x3x3x3xf32>) -> tensor<2x3x8x8xf32>
  return %0 : tensor<2x3x8x8xf32>
}

// CHECK-LABEL: @weight_gradient
// CHECK: cnn.conv2d_weight_gradient %{{.*}}, %{{.*}} {pad = array<i64: 1, 1, 1, 1>} : (tensor<2x3x8x8xf32>, tensor<2x4x8x8xf32>) -> tensor<4x3x3x3xf32>
func.func @weight_gradient(%x: tensor<2x3x8x8xf32>, %dy: tensor<2x4x8x8xf32>) -> tensor<4x3x3x3xf32> {
  %0 = cnn.conv2d_weight_gradient %x, %dy {pad = array<i64: 1, 1, 1, 1>} : (tensor<2x3x8x8xf32>, tensor<2x4x8x8xf32>) -> tensor<4x3x3x3xf32>
  return %0 : tensor<4x3x3x3xf32>
}

// CHECK-LABEL: @groups
// CHECK: cnn.conv2d %{{.*}}, %{{.*}} {dilation = array<i64: 2, 1>, groups = 2 : i64} : (tensor<2x4x8x8xf32>, tensor<6x2x3x3xf32>) -> tensor<2x6x4x6xf32>
func.func @groups(%x: tensor<2x4x8x8xf32>, %w: tensor<6x2x3x3xf32>) -> tensor<2x6x4x6xf32> {
  %0 = cnn.conv2d %x, %w {dilation = array<i64: 2, 1>, groups = 2} : (tensor<2x4x8x8xf32>, tensor<6x2x3x3xf32>) -> tensor<2x6x4x6xf32>
  return %0 : tensor<2x6x4x6xf32>
}
