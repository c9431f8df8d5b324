// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @padded
// CHECK: cnn.avg_pool %{{.*}} {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32>
func.func @padded(%x: tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32> {
  %0 = cnn.avg_pool %x {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32>
  return %0 : tensor<2x3x4x4xf32>
}

// CHECK-LABEL: @valid
// CHECK: cnn.avg_pool %{{.*}} {divisor = "valid", kernel = array<i64: 3, 3>, pad = array<i64: 1, 1, 1, 1>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
func.func @valid(%x: tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32> {
  %0 = cnn.avg_pool %x {divisor = "valid", kernel = array<i64: 3, 3>, pad = array<i64: 1, 1, 1, 1>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  return %0 : tensor<2x3x8x8xf32>
}

// CHECK-LABEL: @sum
// CHECK: cnn.avg_pool %{{.*}} {ceil = true, divisor = "one", kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32>
func.func @sum(%x: tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32> {
  %0 = cnn.avg_pool %x {ceil = true, divisor = "one", kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32>
  return %0 : tensor<2x3x4x4xf32>
}

// CHECK-LABEL: @gradient
// CHECK: cnn.avg_pool_gradient %{{.*}} {divisor = "one", kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x3x4x4xf32>) -> tensor<2x3x8x8xf32>
func.func @gradient(%dy: tensor<2x3x4x4xf32>) -> tensor<2x3x8x8xf32> {
  %0 = cnn.avg_pool_gradient %dy {divisor = "one", kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x3x4x4xf32>) -> tensor<2x3x8x8xf32>
  return %0 : tensor<2x3x8x8xf32>
}
