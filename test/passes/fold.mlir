// RUN: fovea-opt %s --cnn-fold | FileCheck %s

cnn.parameter @w : tensor<5x18xf32> {init = {kind = "xavier"}}

// A dense layer reads through the flatten, and through activations behind it.
// CHECK-LABEL: func.func @dense_after_flatten
// CHECK-NOT: cnn.flatten
// CHECK: %[[R:.*]] = cnn.relu %arg0 {cnn.layer = "r"} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
// CHECK: %[[T:.*]] = cnn.tanh %[[R]] {amplitude = 2.000000e+00 : f32} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
// CHECK: cnn.dense %[[T]], %{{.*}} : (tensor<1x2x3x3xf32>, tensor<5x18xf32>) -> tensor<1x5xf32>
func.func @dense_after_flatten(%x: tensor<1x2x3x3xf32>) -> tensor<1x5xf32> {
  %w = cnn.load @w {block = "value"} : tensor<5x18xf32>
  %0 = cnn.flatten %x : (tensor<1x2x3x3xf32>) -> tensor<1x18xf32>
  %1 = cnn.relu %0 {cnn.layer = "r"} : (tensor<1x18xf32>) -> tensor<1x18xf32>
  %2 = cnn.tanh %1 {amplitude = 2.0 : f32} : (tensor<1x18xf32>) -> tensor<1x18xf32>
  %3 = cnn.dense %2, %w : (tensor<1x18xf32>, tensor<5x18xf32>) -> tensor<1x5xf32>
  return %3 : tensor<1x5xf32>
}

// Two flattened operands are added before they are flattened; softmax needs the flat row.
// CHECK-LABEL: func.func @other_users_keep_the_flatten
// CHECK: %[[A:.*]] = cnn.add %arg0, %arg1 : (tensor<1x2x3x3xf32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
// CHECK: %[[F:.*]] = cnn.flatten %[[A]]
// CHECK: cnn.softmax %[[F]]
func.func @other_users_keep_the_flatten(%x: tensor<1x2x3x3xf32>, %y: tensor<1x2x3x3xf32>) -> tensor<1x18xf32> {
  %0 = cnn.flatten %x : (tensor<1x2x3x3xf32>) -> tensor<1x18xf32>
  %1 = cnn.flatten %y : (tensor<1x2x3x3xf32>) -> tensor<1x18xf32>
  %2 = cnn.add %0, %1 : (tensor<1x18xf32>, tensor<1x18xf32>) -> tensor<1x18xf32>
  %3 = cnn.softmax %2 : (tensor<1x18xf32>) -> tensor<1x18xf32>
  return %3 : tensor<1x18xf32>
}

// The gradients of a dense layer keep the input's four dimensions.
// CHECK-LABEL: func.func @dense_gradients
// CHECK: %[[DX:.*]] = cnn.dense_input_gradient %arg1, %{{.*}} -> tensor<1x2x3x3xf32>
// CHECK: %[[DW:.*]] = cnn.dense_weight_gradient %arg0, %arg1 : (tensor<1x2x3x3xf32>, tensor<1x5xf32>) -> tensor<5x18xf32>
// CHECK: return %[[DX]], %[[DW]]
func.func @dense_gradients(%x: tensor<1x2x3x3xf32>, %dy: tensor<1x5xf32>)
    -> (tensor<1x2x3x3xf32>, tensor<5x18xf32>) {
  %w = cnn.load @w {block = "value"} : tensor<5x18xf32>
  %0 = cnn.flatten %x : (tensor<1x2x3x3xf32>) -> tensor<1x18xf32>
  %1 = cnn.dense_input_gradient %dy, %w : (tensor<1x5xf32>, tensor<5x18xf32>) -> tensor<1x18xf32>
  %2 = cnn.unflatten %1 : (tensor<1x18xf32>) -> tensor<1x2x3x3xf32>
  %3 = cnn.dense_weight_gradient %0, %dy : (tensor<1x18xf32>, tensor<1x5xf32>) -> tensor<5x18xf32>
  return %2, %3 : tensor<1x2x3x3xf32>, tensor<5x18xf32>
}

// The activation's gradient is taken after the pooling, from the pooled values.
// CHECK-LABEL: func.func @activation_gradient_after_pool
// CHECK: %[[R:.*]] = cnn.relu %arg0
// CHECK: %[[Y:.*]], %[[I:.*]] = cnn.max_pool_indices %[[R]]
// CHECK: %[[S:.*]] = cnn.relu_gradient %[[Y]], %arg1 : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
// CHECK: %[[D:.*]] = cnn.max_pool_gradient %[[I]], %[[S]]
// CHECK: return %[[Y]], %[[D]]
func.func @activation_gradient_after_pool(%x: tensor<1x2x4x4xf32>, %dy: tensor<1x2x2x2xf32>)
    -> (tensor<1x2x2x2xf32>, tensor<1x2x4x4xf32>) {
  %0 = cnn.relu %x : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %y, %i = cnn.max_pool_indices %0 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>}
      : (tensor<1x2x4x4xf32>) -> (tensor<1x2x2x2xf32>, tensor<1x2x2x2xi8>)
  %1 = cnn.max_pool_gradient %i, %dy {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>}
      : (tensor<1x2x2x2xi8>, tensor<1x2x2x2xf32>) -> tensor<1x2x4x4xf32>
  %2 = cnn.relu_gradient %0, %1 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %y, %2 : tensor<1x2x2x2xf32>, tensor<1x2x4x4xf32>
}

// The bias in front of a pooling gets the sum of what the pooling got, whatever its windows; the pooling's gradient, which
// another reads, stays.
// CHECK-LABEL: func.func @bias_gradient_after_pool
// CHECK: %[[D:.*]] = cnn.max_pool_gradient %arg0, %arg1
// CHECK: %[[B:.*]] = cnn.bias_gradient %arg1 : (tensor<1x2x3x3xf32>) -> tensor<2xf32>
// CHECK: return %[[B]], %[[D]]
func.func @bias_gradient_after_pool(%i: tensor<1x2x3x3xi8>, %dy: tensor<1x2x3x3xf32>)
    -> (tensor<2xf32>, tensor<1x2x5x5xf32>) {
  %0 = cnn.max_pool_gradient %i, %dy {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>, pad = array<i64: 1, 1, 1, 1>}
      : (tensor<1x2x3x3xi8>, tensor<1x2x3x3xf32>) -> tensor<1x2x5x5xf32>
  %1 = cnn.bias_gradient %0 : (tensor<1x2x5x5xf32>) -> tensor<2xf32>
  return %1, %0 : tensor<2xf32>, tensor<1x2x5x5xf32>
}

// A pooling of something else says nothing of this activation.
// CHECK-LABEL: func.func @pool_of_another_value
// CHECK: %[[D:.*]] = cnn.max_pool_gradient
// CHECK: cnn.relu_gradient %arg0, %[[D]]
func.func @pool_of_another_value(%x: tensor<1x2x4x4xf32>, %z: tensor<1x2x4x4xf32>, %dy: tensor<1x2x2x2xf32>)
    -> tensor<1x2x4x4xf32> {
  %y, %i = cnn.max_pool_indices %z {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>}
      : (tensor<1x2x4x4xf32>) -> (tensor<1x2x2x2xf32>, tensor<1x2x2x2xi8>)
  %1 = cnn.max_pool_gradient %i, %dy {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>}
      : (tensor<1x2x2x2xi8>, tensor<1x2x2x2xf32>) -> tensor<1x2x4x4xf32>
  %2 = cnn.relu_gradient %x, %1 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %2 : tensor<1x2x4x4xf32>
}

// CHECK-LABEL: func.func @unused_indices
// CHECK-NEXT: %[[Y:.*]] = cnn.max_pool %arg0 {ceil = true, kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>}
// CHECK-NEXT: return %[[Y]]
func.func @unused_indices(%x: tensor<1x2x6x6xf32>) -> tensor<1x2x3x3xf32> {
  %y, %i = cnn.max_pool_indices %x {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>, ceil = true}
      : (tensor<1x2x6x6xf32>) -> (tensor<1x2x3x3xf32>, tensor<1x2x3x3xi8>)
  return %y : tensor<1x2x3x3xf32>
}

// CHECK-LABEL: func.func @unused_and_repeated_work
// CHECK-NEXT: %[[R:.*]] = cnn.relu %arg0
// CHECK-NEXT: %[[A:.*]] = cnn.add %[[R]], %[[R]]
// CHECK-NEXT: return %[[A]]
func.func @unused_and_repeated_work(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = cnn.load @w {block = "value"} : tensor<5x18xf32>
  %0 = cnn.sigmoid %x : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %1 = cnn.relu %x : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %2 = cnn.relu %x : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %3 = cnn.add %1, %2 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %3 : tensor<1x2x4x4xf32>
}

// Without scalars, as in inferences, dropout is nothing, and a dense layer reads through it. In steps it stays.
// CHECK-LABEL: func.func @dropout_of_an_inference
// CHECK-NOT: cnn.dropout
// CHECK: cnn.dense %arg0
func.func @dropout_of_an_inference(%x: tensor<1x2x3x3xf32>) -> tensor<1x5xf32> {
  %w = cnn.load @w {block = "value"} : tensor<5x18xf32>
  %0 = cnn.dropout %x {p = 0.5 : f32} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %1 = cnn.flatten %0 : (tensor<1x2x3x3xf32>) -> tensor<1x18xf32>
  %2 = cnn.dropout %1 {p = 0.5 : f32} : (tensor<1x18xf32>) -> tensor<1x18xf32>
  %3 = cnn.dense %2, %w : (tensor<1x18xf32>, tensor<5x18xf32>) -> tensor<1x5xf32>
  return %3 : tensor<1x5xf32>
}
// CHECK-LABEL: func.func @dropout_of_a_step
// CHECK: cnn.dropout %arg0, %arg1
func.func @dropout_of_a_step(%x: tensor<1x18xf32>, %scalars: tensor<8xf32>) -> tensor<1x18xf32> {
  %0 = cnn.dropout %x, %scalars {p = 0.5 : f32} : (tensor<1x18xf32>, tensor<8xf32>) -> tensor<1x18xf32>
  return %0 : tensor<1x18xf32>
}

// The gradients of activations that are only concatenated, as one of the whole, in front of the slices.
// CHECK-LABEL: func.func @activation_gradients_before_slices
// CHECK: %[[A:.*]] = cnn.relu %arg0
// CHECK: %[[B:.*]] = cnn.relu %arg1
// CHECK: %[[Z:.*]] = cnn.concat %[[A]], %[[B]]
// CHECK: %[[D:.*]] = cnn.relu_gradient %[[Z]], %arg2
// CHECK-NOT: cnn.relu_gradient
// CHECK-DAG: %[[DA:.*]] = cnn.slice %[[D]] {offset = 0 : i64, size = 2 : i64}
// CHECK-DAG: %[[DB:.*]] = cnn.slice %[[D]] {offset = 2 : i64, size = 3 : i64}
// CHECK: return %[[Z]], %[[DA]], %[[DB]]
func.func @activation_gradients_before_slices(%a: tensor<1x2x4x4xf32>, %b: tensor<1x3x4x4xf32>, %dz: tensor<1x5x4x4xf32>)
    -> (tensor<1x5x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x3x4x4xf32>) {
  %0 = cnn.relu %a : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %1 = cnn.relu %b : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  %2 = cnn.concat %0, %1 : (tensor<1x2x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x5x4x4xf32>
  %3 = cnn.slice %dz {offset = 0 : i64, size = 2 : i64} : (tensor<1x5x4x4xf32>) -> tensor<1x2x4x4xf32>
  %4 = cnn.slice %dz {offset = 2 : i64, size = 3 : i64} : (tensor<1x5x4x4xf32>) -> tensor<1x3x4x4xf32>
  %5 = cnn.relu_gradient %0, %3 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %6 = cnn.relu_gradient %1, %4 : (tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  return %2, %5, %6 : tensor<1x5x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x3x4x4xf32>
}

// Not where something else is concatenated too, nor where a part is read by others.
// CHECK-LABEL: func.func @parts_that_are_kept
// CHECK-COUNT-2: cnn.slice
// CHECK-COUNT-2: cnn.relu_gradient
func.func @parts_that_are_kept(%a: tensor<1x2x4x4xf32>, %b: tensor<1x2x4x4xf32>, %dz: tensor<1x4x4x4xf32>)
    -> (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) {
  %0 = cnn.relu %a : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %1 = cnn.relu %b : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %2 = cnn.concat %0, %a : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x4x4x4xf32>
  %3 = cnn.concat %1, %1 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x4x4x4xf32>
  %4 = cnn.slice %dz {offset = 0 : i64, size = 2 : i64} : (tensor<1x4x4x4xf32>) -> tensor<1x2x4x4xf32>
  %5 = cnn.slice %dz {offset = 2 : i64, size = 2 : i64} : (tensor<1x4x4x4xf32>) -> tensor<1x2x4x4xf32>
  %6 = cnn.relu_gradient %0, %4 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %7 = cnn.relu_gradient %1, %5 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %2, %3, %6, %7, %1 : tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
}
