// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @image
// CHECK: cnn.relu %{{.*}} : (tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
func.func @image(%x: tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32> {
  %0 = cnn.relu %x : (tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  return %0 : tensor<2x3x8x8xf32>
}

// CHECK-LABEL: @bounded_and_leaky
// CHECK: cnn.relu %{{.*}} {max = 6.000000e+00 : f32}
// CHECK: cnn.relu %{{.*}} {slope = 0.00999999977 : f32}
func.func @bounded_and_leaky(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = cnn.relu %x {max = 6.0 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = cnn.relu %0 {slope = 0.01 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// CHECK-LABEL: @layout
// CHECK: cnn.relu %{{.*}} : (tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>>
func.func @layout(%x: tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>> {
  %0 = cnn.relu %x : (tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>>
  return %0 : tensor<2x10xf32, #cnn.layout<channels_last, 16>>
}

// CHECK-LABEL: @gradient
// CHECK: cnn.relu_gradient %{{.*}}, %{{.*}} : (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
func.func @gradient(%y: tensor<2x3x8x8xf32>, %dy: tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32> {
  %0 = cnn.relu_gradient %y, %dy : (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  return %0 : tensor<2x3x8x8xf32>
}
