// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @image
// CHECK: cnn.tanh %{{.*}} : (tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
func.func @image(%x: tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32> {
  %0 = cnn.tanh %x : (tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  return %0 : tensor<2x3x8x8xf32>
}

// CHECK-LABEL: @layout
// CHECK: cnn.tanh %{{.*}} : (tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>>
func.func @layout(%x: tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>> {
  %0 = cnn.tanh %x : (tensor<2x10xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>>
  return %0 : tensor<2x10xf32, #cnn.layout<channels_last, 16>>
}

// CHECK-LABEL: @gradient
// CHECK: cnn.tanh_gradient %{{.*}}, %{{.*}} : (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
func.func @gradient(%y: tensor<2x3x8x8xf32>, %dy: tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32> {
  %0 = cnn.tanh_gradient %y, %dy : (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  return %0 : tensor<2x3x8x8xf32>
}

// CHECK-LABEL: @factors
// CHECK: cnn.tanh %{{.*}} {amplitude = 1.715900e+00 : f32, slope = 6.666670e-01 : f32} : (tensor<2x10xf32>) -> tensor<2x10xf32>
func.func @factors(%x: tensor<2x10xf32>) -> tensor<2x10xf32> {
  %0 = cnn.tanh %x {amplitude = 1.715900e+00 : f32, slope = 6.666670e-01 : f32} : (tensor<2x10xf32>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}

// CHECK-LABEL: @gradient_factors
// CHECK: cnn.tanh_gradient %{{.*}}, %{{.*}} {amplitude = 1.715900e+00 : f32, slope = 6.666670e-01 : f32} : (tensor<2x10xf32>, tensor<2x10xf32>) -> tensor<2x10xf32>
func.func @gradient_factors(%y: tensor<2x10xf32>, %dy: tensor<2x10xf32>) -> tensor<2x10xf32> {
  %0 = cnn.tanh_gradient %y, %dy {amplitude = 1.715900e+00 : f32, slope = 6.666670e-01 : f32} : (tensor<2x10xf32>, tensor<2x10xf32>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}
