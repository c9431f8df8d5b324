// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @image
// CHECK: cnn.sigmoid %{{.*}} : (tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
func.func @image(%x: tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32> {
  %0 = cnn.sigmoid %x : (tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  return %0 : tensor<2x3x8x8xf32>
}

// CHECK-LABEL: @layout
// CHECK: cnn.sigmoid %{{.*}} : (tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>>
func.func @layout(%x: tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>> {
  %0 = cnn.sigmoid %x : (tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>>
  return %0 : tensor<2x10xf32, #cnn.layout<channels_last, 16>>
}

// CHECK-LABEL: @gradient
// CHECK: cnn.sigmoid_gradient %{{.*}}, %{{.*}} : (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
func.func @gradient(%y: tensor<2x3x8x8xf32>, %dy: tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32> {
  %0 = cnn.sigmoid_gradient %y, %dy : (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  return %0 : tensor<2x3x8x8xf32>
}
