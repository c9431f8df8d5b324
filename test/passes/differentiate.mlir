// RUN: fovea-opt %s --split-input-file --cnn-differentiate | FileCheck %s
// RUN: fovea-opt %s --split-input-file --cnn-differentiate --cnn-fold --verify-each | FileCheck %s --check-prefix=FOLDED

// A max pooling that gradients pass through keeps its indices; the image gets no gradient.
cnn.parameter @c.weight : tensor<4x1x3x3xf32> {init = {kind = "xavier"}}
cnn.parameter @c.bias : tensor<4xf32> {init = {kind = "constant", value = 0.0 : f32}, lr_mult = 2.0 : f32, decay_mult = 0.0 : f32}
cnn.parameter @d.weight : tensor<3x16xf32> {init = {kind = "xavier"}}

// CHECK-LABEL: func.func @step_b2
// CHECK: %[[C:.*]] = cnn.conv2d
// CHECK: %[[P:.*]], %[[I:.*]] = cnn.max_pool_indices %[[C]]
// CHECK: %[[R:.*]] = cnn.relu %[[P]]
// CHECK: %[[Y:.*]] = cnn.dense %[[R]]
// CHECK: %[[L:.*]] = cnn.softmax_cross_entropy %[[Y]], %arg1
// CHECK: %[[DY:.*]] = cnn.softmax_cross_entropy_gradient %[[Y]], %arg1, %arg2
// CHECK-DAG: %[[DW:.*]] = cnn.dense_weight_gradient %[[R]], %[[DY]]
// CHECK-DAG: %[[DR:.*]] = cnn.dense_input_gradient %[[DY]]
// CHECK: %[[DP:.*]] = cnn.relu_gradient %[[R]], %[[DR]]
// CHECK: %[[DC:.*]] = cnn.max_pool_gradient %[[I]], %[[DP]]
// CHECK-NOT: cnn.conv2d_input_gradient
// CHECK-DAG: %[[DCW:.*]] = cnn.conv2d_weight_gradient %arg0, %[[DC]]
// CHECK-DAG: %[[DCB:.*]] = cnn.bias_gradient %[[DC]]
// CHECK-NOT: cnn.conv2d_input_gradient
// CHECK-DAG: cnn.store @c.weight, %[[DCW]] {block = "gradient"}
// CHECK-DAG: cnn.store @c.bias, %[[DCB]] {block = "gradient"}
// CHECK-DAG: cnn.store @d.weight, %[[DW]] {block = "gradient"}
// CHECK: return %[[L]], %[[Y]]
func.func @step_b2(%x: tensor<2x1x6x6xf32>, %labels: tensor<2xi32>, %scalars: tensor<8xf32>)
    -> (tensor<2xf32>, tensor<2x3xf32>) attributes {cnn.kind = "step", cnn.batch = 2} {
  %cw = cnn.load @c.weight {block = "value"} : tensor<4x1x3x3xf32>
  %cb = cnn.load @c.bias {block = "value"} : tensor<4xf32>
  %dw = cnn.load @d.weight {block = "value"} : tensor<3x16xf32>
  %0 = cnn.conv2d %x, %cw, %cb {cnn.layer = "c"} : (tensor<2x1x6x6xf32>, tensor<4x1x3x3xf32>, tensor<4xf32>) -> tensor<2x4x4x4xf32>
  %1 = cnn.max_pool %0 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x4x4x4xf32>) -> tensor<2x4x2x2xf32>
  %2 = cnn.relu %1 : (tensor<2x4x2x2xf32>) -> tensor<2x4x2x2xf32>
  %3 = cnn.dense %2, %dw {cnn.layer = "d"} : (tensor<2x4x2x2xf32>, tensor<3x16xf32>) -> tensor<2x3xf32>
  %loss = cnn.softmax_cross_entropy %3, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %loss, %3 : tensor<2xf32>, tensor<2x3xf32>
}

// Inference is left alone.
// CHECK-LABEL: func.func @infer_b1
// CHECK: cnn.max_pool %arg0
func.func @infer_b1(%x: tensor<1x1x6x6xf32>) -> tensor<1x1x3x3xf32> attributes {cnn.kind = "infer", cnn.batch = 1} {
  %0 = cnn.max_pool %x {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<1x1x6x6xf32>) -> tensor<1x1x3x3xf32>
  return %0 : tensor<1x1x3x3xf32>
}

// CHECK-LABEL: func.func @update
// CHECK-SAME: (%[[S:.*]]: tensor<8xf32>) attributes {cnn.kind = "update"}
// CHECK: %[[W:.*]] = cnn.load @c.weight {block = "value"}
// CHECK: %[[G:.*]] = cnn.load @c.weight {block = "gradient"}
// CHECK: %[[V:.*]] = cnn.load @c.weight {block = "momentum"}
// CHECK: %[[W1:.*]], %[[V1:.*]] = cnn.sgd_update %[[W]], %[[G]], %[[V]], %[[S]]
// CHECK: cnn.store @c.weight, %[[W1]] {block = "value"}
// CHECK: cnn.store @c.weight, %[[V1]] {block = "momentum"}
// CHECK: cnn.sgd_update {{.*}}decay_mult = 0.000000e+00 : f32, lr_mult = 2.000000e+00 : f32
// CHECK: cnn.store @d.weight, %{{.*}} {block = "value"}
// CHECK: cnn.store @d.weight, %{{.*}} {block = "momentum"}
// CHECK-NEXT: return

// FOLDED: cnn.max_pool_indices

// -----

// A value used twice gets the sum of both gradients, a parameter used twice likewise; a pooling in front of all
// parameters needs no indices; a parameter that the loss does not see gets neither gradient nor update.
cnn.parameter @w : tensor<4x4x1x1xf32> {init = {kind = "xavier"}}
cnn.parameter @b : tensor<4xf32> {init = {kind = "xavier"}}
cnn.parameter @unused : tensor<4xf32> {init = {kind = "xavier"}}

// CHECK-LABEL: func.func @step_b1
// CHECK: %[[P:.*]] = cnn.max_pool %arg0
// CHECK: cnn.softmax_cross_entropy_gradient
// CHECK: cnn.add
// CHECK: %[[SUM:.*]] = cnn.add {{.*}} -> tensor<4x4x1x1xf32>
// CHECK: cnn.store @w, %[[SUM]] {block = "gradient"}
// CHECK-NOT: cnn.store @unused
// CHECK-LABEL: func.func @update
// CHECK-NOT: @unused
func.func @step_b1(%x: tensor<1x4x2x2xf32>, %labels: tensor<1xi32>, %scalars: tensor<8xf32>)
    -> (tensor<1xf32>, tensor<1x4xf32>) attributes {cnn.kind = "step", cnn.batch = 1} {
  %w = cnn.load @w {block = "value"} : tensor<4x4x1x1xf32>
  %b = cnn.load @b {block = "value"} : tensor<4xf32>
  %0 = cnn.max_pool %x {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<1x4x2x2xf32>) -> tensor<1x4x1x1xf32>
  %1 = cnn.conv2d %0, %w, %b : (tensor<1x4x1x1xf32>, tensor<4x4x1x1xf32>, tensor<4xf32>) -> tensor<1x4x1x1xf32>
  %2 = cnn.conv2d %1, %w : (tensor<1x4x1x1xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x1x1xf32>
  %3 = cnn.add %1, %2 : (tensor<1x4x1x1xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x1x1xf32>
  %4 = cnn.flatten %3 : (tensor<1x4x1x1xf32>) -> tensor<1x4xf32>
  %loss = cnn.softmax_cross_entropy %4, %labels : (tensor<1x4xf32>, tensor<1xi32>) -> tensor<1xf32>
  return %loss, %4 : tensor<1xf32>, tensor<1x4xf32>
}

// -----

// A connection mask silences the gradient.
cnn.parameter @m : tensor<2x2x1x1xf32> {init = {kind = "xavier"}, mask = dense<[[[[1]], [[0]]], [[[0]], [[1]]]]> : tensor<2x2x1x1xi8>}

// CHECK: cnn.parameter @m.mask : tensor<2x2x1x1xf32>
// CHECK-SAME: trainable = false
// CHECK-SAME: value = dense<{{\[\[\[\[}}1.000000e+00]], {{\[\[}}0.000000e+00]]], {{\[\[\[}}0.000000e+00]], {{\[\[}}1.000000e+00]]]]>
// CHECK: %[[G:.*]] = cnn.conv2d_weight_gradient
// CHECK: %[[M:.*]] = cnn.load @m.mask {block = "value"}
// CHECK: %[[MG:.*]] = cnn.mul %[[G]], %[[M]]
// CHECK: cnn.store @m, %[[MG]] {block = "gradient"}
// CHECK-LABEL: func.func @update
// CHECK-NOT: m.mask
func.func @step_b1(%x: tensor<1x2x1x1xf32>, %labels: tensor<1xi32>, %scalars: tensor<8xf32>)
    -> (tensor<1xf32>, tensor<1x2x1x1xf32>) attributes {cnn.kind = "step", cnn.batch = 1} {
  %w = cnn.load @m {block = "value"} : tensor<2x2x1x1xf32>
  %0 = cnn.conv2d %x, %w : (tensor<1x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  %loss = cnn.softmax_cross_entropy %0, %labels : (tensor<1x2x1x1xf32>, tensor<1xi32>) -> tensor<1xf32>
  return %loss, %0 : tensor<1xf32>, tensor<1x2x1x1xf32>
}

// -----

// The loss of an auxiliary classifier starts a walk of its own, with its weight; where the walks meet, gradients add up.
cnn.parameter @w : tensor<4x4x1x1xf32> {init = {kind = "xavier"}}
cnn.parameter @side : tensor<3x4xf32> {init = {kind = "xavier"}}
cnn.parameter @main : tensor<3x4xf32> {init = {kind = "xavier"}}

// CHECK-LABEL: func.func @step_b1
// CHECK: %[[S:.*]] = cnn.dense {{.*}} : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<1x3xf32>
// CHECK: %[[Y:.*]] = cnn.dense {{.*}} : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<1x3xf32>
// CHECK: %[[DY:.*]] = cnn.softmax_cross_entropy_gradient %[[Y]], %arg1, %arg2 :
// CHECK: %[[DS:.*]] = cnn.softmax_cross_entropy_gradient %[[S]], %arg1, %arg2 {weight = 3.000000e-01 : f32}
// CHECK: cnn.dense_weight_gradient {{.*}}%[[DY]]
// CHECK: cnn.dense_weight_gradient {{.*}}%[[DS]]
// CHECK: %[[SUM:.*]] = cnn.add
// CHECK: cnn.conv2d_weight_gradient
// CHECK: cnn.store @main
// CHECK: cnn.store @side
// CHECK: cnn.store @w
func.func @step_b1(%x: tensor<1x4x1x1xf32>, %labels: tensor<1xi32>, %scalars: tensor<8xf32>)
    -> (tensor<1xf32>, tensor<1x3xf32>) attributes {cnn.kind = "step", cnn.batch = 1} {
  %w = cnn.load @w {block = "value"} : tensor<4x4x1x1xf32>
  %side = cnn.load @side {block = "value"} : tensor<3x4xf32>
  %main = cnn.load @main {block = "value"} : tensor<3x4xf32>
  %0 = cnn.conv2d %x, %w : (tensor<1x4x1x1xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x1x1xf32>
  %1 = cnn.flatten %0 : (tensor<1x4x1x1xf32>) -> tensor<1x4xf32>
  %2 = cnn.dense %1, %side : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<1x3xf32>
  %3 = cnn.dense %1, %main : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<1x3xf32>
  %4 = cnn.softmax_cross_entropy %2, %labels {weight = 3.0e-01 : f32} : (tensor<1x3xf32>, tensor<1xi32>) -> tensor<1xf32>
  %loss = cnn.softmax_cross_entropy %3, %labels, %4 : (tensor<1x3xf32>, tensor<1xi32>, tensor<1xf32>) -> tensor<1xf32>
  return %loss, %3 : tensor<1xf32>, tensor<1x3xf32>
}
