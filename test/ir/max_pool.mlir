// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @stride
// CHECK: cnn.max_pool %{{.*}} {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32>
func.func @stride(%x: tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32> {
  %0 = cnn.max_pool %x {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32>
  return %0 : tensor<2x3x4x4xf32>
}

// CHECK-LABEL: @rounded_down
// CHECK: cnn.max_pool %{{.*}} {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x3x3xf32>
func.func @rounded_down(%x: tensor<2x3x8x8xf32>) -> tensor<2x3x3x3xf32> {
  %0 = cnn.max_pool %x {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x3x3xf32>
  return %0 : tensor<2x3x3x3xf32>
}

// CHECK-LABEL: @rounded_up
// CHECK: cnn.max_pool %{{.*}} {ceil = true, kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32>
func.func @rounded_up(%x: tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32> {
  %0 = cnn.max_pool %x {ceil = true, kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32>
  return %0 : tensor<2x3x4x4xf32>
}

// CHECK-LABEL: @no_window_begins_past_the_input
// CHECK: cnn.max_pool %{{.*}} {ceil = true, kernel = array<i64: 2, 2>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 2, 2>} : (tensor<2x3x3x3xf32>) -> tensor<2x3x2x2xf32>
func.func @no_window_begins_past_the_input(%x: tensor<2x3x3x3xf32>) -> tensor<2x3x2x2xf32> {
  %0 = cnn.max_pool %x {ceil = true, kernel = array<i64: 2, 2>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 2, 2>} : (tensor<2x3x3x3xf32>) -> tensor<2x3x2x2xf32>
  return %0 : tensor<2x3x2x2xf32>
}

// CHECK-LABEL: @indices
// CHECK: cnn.max_pool_indices %{{.*}} {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> (tensor<2x3x4x4xf32>, tensor<2x3x4x4xi8>)
func.func @indices(%x: tensor<2x3x8x8xf32>) -> (tensor<2x3x4x4xf32>, tensor<2x3x4x4xi8>) {
  %0:2 = cnn.max_pool_indices %x {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> (tensor<2x3x4x4xf32>, tensor<2x3x4x4xi8>)
  return %0#0, %0#1 : tensor<2x3x4x4xf32>, tensor<2x3x4x4xi8>
}

// CHECK-LABEL: @gradient
// CHECK: cnn.max_pool_gradient %{{.*}}, %{{.*}} {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x3x4x4xi8>, tensor<2x3x4x4xf32>) -> tensor<2x3x9x8xf32>
func.func @gradient(%i: tensor<2x3x4x4xi8>, %dy: tensor<2x3x4x4xf32>) -> tensor<2x3x9x8xf32> {
  %0 = cnn.max_pool_gradient %i, %dy {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x3x4x4xi8>, tensor<2x3x4x4xf32>) -> tensor<2x3x9x8xf32>
  return %0 : tensor<2x3x9x8xf32>
}
