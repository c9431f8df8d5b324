// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s
// RUN: fovea-opt %s -cnn-fold | FileCheck-19 %s --check-prefix=FOLD

// CHECK-LABEL: @training
// CHECK: cnn.dropout %{{.*}}, %{{.*}} {p = 5.000000e-01 : f32, stream = 7 : i64} : (tensor<2x10xf32>, tensor<8xf32>) -> tensor<2x10xf32>
// FOLD-LABEL: @training
// FOLD: cnn.dropout
func.func @training(%x: tensor<2x10xf32>, %s: tensor<8xf32>) -> tensor<2x10xf32> {
  %0 = cnn.dropout %x, %s {p = 0.5 : f32, stream = 7} : (tensor<2x10xf32>, tensor<8xf32>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}

// Inference drops nothing: the operation goes.
// CHECK-LABEL: @inference
// CHECK: cnn.dropout %{{.*}} {p = 2.500000e-01 : f32} : (tensor<2x3x8x8xf32, #cnn.layout<channels_last, 3>>) -> tensor<2x3x8x8xf32, #cnn.layout<channels_last, 3>>
// FOLD-LABEL: @inference
// FOLD-NOT: cnn.dropout
// FOLD: return %arg0
func.func @inference(%x: tensor<2x3x8x8xf32, #cnn.layout<channels_last, 3>>) -> tensor<2x3x8x8xf32, #cnn.layout<channels_last, 3>> {
  %0 = cnn.dropout %x {p = 0.25 : f32} : (tensor<2x3x8x8xf32, #cnn.layout<channels_last, 3>>) -> tensor<2x3x8x8xf32, #cnn.layout<channels_last, 3>>
  return %0 : tensor<2x3x8x8xf32, #cnn.layout<channels_last, 3>>
}
