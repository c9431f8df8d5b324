// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @planned_and_scheduled
func.func @planned_and_scheduled(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // CHECK: %[[Y:.*]] = cnn.kernel "conv1: conv2d+relu" (%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}}) {cnn.layer = "conv1", places = [#cnn.place<input, 0>, #cnn.place<parameters, 96>, #cnn.place<arena, 1024>], schedule = {tile_x = 12 : i64}} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // CHECK-NEXT: %[[C:.*]] = cnn.conv2d %[[A]], %[[B]] : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  // CHECK-NEXT: %[[R:.*]] = cnn.relu %[[C]]
  // CHECK-NEXT: cnn.yield %[[R]] : tensor<1x4x6x6xf32>
  // CHECK-NEXT: }
  // CHECK-NEXT: return %[[Y]]
  %y = cnn.kernel "conv1: conv2d+relu" (%a = %x, %b = %w) {schedule = {tile_x = 12 : i64}, cnn.layer = "conv1",
      places = [#cnn.place<input, 0>, #cnn.place<parameters, 96>, #cnn.place<arena, 1024>]}
      : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32> {
    %0 = cnn.conv2d %a, %b : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
    %1 = cnn.relu %0 : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
    cnn.yield %1 : tensor<1x4x6x6xf32>
  }
  return %y : tensor<1x4x6x6xf32>
}

// CHECK-LABEL: @results_of_the_last_computation
func.func @results_of_the_last_computation(%x: tensor<1x3x8x8xf32>) -> (tensor<1x3x4x4xf32>, tensor<1x3x4x4xi8>) {
  // CHECK: %[[R:.*]]:2 = cnn.kernel "pool1: max_pool_indices" (%{{.*}} = %{{.*}}) : (tensor<1x3x8x8xf32>) -> (tensor<1x3x4x4xf32>, tensor<1x3x4x4xi8>) {
  // CHECK: return %[[R]]#0, %[[R]]#1
  %0:2 = cnn.kernel "pool1: max_pool_indices" (%a = %x) : (tensor<1x3x8x8xf32>) -> (tensor<1x3x4x4xf32>, tensor<1x3x4x4xi8>) {
    %1:2 = cnn.max_pool_indices %a {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<1x3x8x8xf32>) -> (tensor<1x3x4x4xf32>, tensor<1x3x4x4xi8>)
    cnn.yield %1#0, %1#1 : tensor<1x3x4x4xf32>, tensor<1x3x4x4xi8>
  }
  return %0#0, %0#1 : tensor<1x3x4x4xf32>, tensor<1x3x4x4xi8>
}
