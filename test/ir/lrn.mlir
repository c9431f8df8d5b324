// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @across
// CHECK: cnn.lrn %{{.*}} {alpha = 9.99999974E-5 : f32, beta = 7.500000e-01 : f32, k = 2.000000e+00 : f32, size = 5 : i64} : (tensor<2x16x8x8xf32>) -> tensor<2x16x8x8xf32>
func.func @across(%x: tensor<2x16x8x8xf32>) -> tensor<2x16x8x8xf32> {
  %0 = cnn.lrn %x {size = 5, alpha = 1.0e-4 : f32, beta = 0.75 : f32, k = 2.0 : f32, region = "across"} : (tensor<2x16x8x8xf32>) -> tensor<2x16x8x8xf32>
  return %0 : tensor<2x16x8x8xf32>
}

// CHECK-LABEL: @within
// CHECK: cnn.lrn %{{.*}} {alpha = 5.000000e-01 : f32, beta = 7.500000e-01 : f32, region = "within", size = 3 : i64} : (tensor<2x10x8x8xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10x8x8xf32, #cnn.layout<channels_last, 16>>
func.func @within(%x: tensor<2x10x8x8xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10x8x8xf32, #cnn.layout<channels_last, 16>> {
  %0 = cnn.lrn %x {size = 3, alpha = 0.5 : f32, beta = 0.75 : f32, region = "within"} : (tensor<2x10x8x8xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10x8x8xf32, #cnn.layout<channels_last, 16>>
  return %0 : tensor<2x10x8x8xf32, #cnn.layout<channels_last, 16>>
}

// CHECK-LABEL: @gradient
// CHECK: cnn.lrn_gradient %{{.*}}, %{{.*}} {alpha = 5.000000e-01 : f32, beta = 7.500000e-01 : f32, size = 3 : i64} : (tensor<2x10x8x8xf32>, tensor<2x10x8x8xf32>) -> tensor<2x10x8x8xf32>
func.func @gradient(%x: tensor<2x10x8x8xf32>, %dy: tensor<2x10x8x8xf32>) -> tensor<2x10x8x8xf32> {
  %0 = cnn.lrn_gradient %x, %dy {size = 3, alpha = 0.5 : f32, beta = 0.75 : f32, k = 1.0 : f32} : (tensor<2x10x8x8xf32>, tensor<2x10x8x8xf32>) -> tensor<2x10x8x8xf32>
  return %0 : tensor<2x10x8x8xf32>
}
