// RUN: fovea-opt %s --split-input-file --cnn-differentiate --cnn-fuse-update | FileCheck %s
// RUN: fovea-opt %s --split-input-file --cnn-differentiate --cnn-fuse-update --cnn-fold --cnn-fuse --cnn-plan-memory | FileCheck %s --check-prefix=FUSED
// RUN: fovea-opt %s --split-input-file --cnn-differentiate --cnn-fuse-update --cnn-fold --cnn-fuse=enable-elementwise=false --cnn-plan-memory | FileCheck %s --check-prefix=APART

// Each update stands behind its gradient and behind what still reads the old value: the inner layer's input gradient,
// and the kernel that its activation's gradient makes of it. Where the image is, nothing reads the weight any more.
cnn.parameter @a.weight : tensor<4x8xf32> {init = {kind = "xavier"}}
cnn.parameter @a.bias : tensor<4xf32> {init = {kind = "constant", value = 0.0 : f32}, lr_mult = 2.0 : f32}
cnn.parameter @b.weight : tensor<3x4xf32> {init = {kind = "xavier"}}

// The step is kept as it is.
// CHECK-LABEL: func.func @step_b2
// CHECK: cnn.store @b.weight, %{{.*}} {block = "gradient"}

// CHECK-LABEL: func.func @train_b2
// CHECK-SAME: (%[[X:.*]]: tensor<2x8xf32>, %{{.*}}: tensor<2xi32>, %[[S:.*]]: tensor<8xf32>)
// CHECK-SAME: attributes {cnn.batch = 2 : i64, cnn.kind = "train"}
// CHECK: %[[A:.*]] = cnn.load @a.weight {block = "value"}
// CHECK: %[[C:.*]] = cnn.load @a.bias {block = "value"}
// CHECK: %[[B:.*]] = cnn.load @b.weight {block = "value"}
// CHECK-DAG: %[[DR:.*]] = cnn.dense_input_gradient %[[DY:.*]], %[[B]]
// CHECK-DAG: %[[DB:.*]] = cnn.dense_weight_gradient %{{.*}}, %[[DY]]
// CHECK: %[[BV:.*]] = cnn.load @b.weight {block = "momentum"}
// CHECK-NEXT: %[[B1:.*]], %[[BV1:.*]] = cnn.sgd_update %[[B]], %[[DB]], %[[BV]], %[[S]] {cnn.layer = "b"}
// CHECK-DAG: cnn.store @b.weight, %[[B1]] {block = "value"}
// CHECK-DAG: cnn.store @b.weight, %[[BV1]] {block = "momentum"}
// CHECK: %[[DA:.*]] = cnn.relu_gradient %{{.*}}, %[[DR]]
// CHECK: cnn.dense_weight_gradient %[[X]], %[[DA]]
// CHECK: cnn.sgd_update %[[A]]
// CHECK: cnn.bias_gradient %[[DA]]
// CHECK: cnn.sgd_update %[[C]], {{.*}}lr_mult = 2.000000e+00
// CHECK-NOT: block = "gradient"
// CHECK: return

// CHECK-LABEL: func.func @update
// CHECK: cnn.load @b.weight {block = "gradient"}

// The update runs in the gradient's kernel, in place, and after the kernel that the reader has become.
// FUSED-LABEL: func.func @step_b2
// FUSED: cnn.kernel "b: dense_weight_gradient"
// FUSED-LABEL: func.func @train_b2
// FUSED: cnn.kernel "b: dense_input_gradient+relu_gradient"
// FUSED: %[[K:.*]]:2 = cnn.kernel "b: dense_weight_gradient+sgd_update"
// FUSED-SAME: places = [#cnn.place<arena, {{[0-9]+}}>, #cnn.place<arena, {{[0-9]+}}>, #cnn.place<parameters, 48>, #cnn.place<momentum, 48>, #cnn.place<scalars, 0>, #cnn.place<parameters, 48>, #cnn.place<momentum, 48>]
// FUSED-NOT: cnn.kernel
// FUSED: cnn.yield %[[W:.*]], %[[V:.*]] :
// FUSED-NOT: cnn.kernel
// FUSED: cnn.store @b.weight, %[[K]]#{{[01]}}
// FUSED-NEXT: cnn.store @b.weight, %[[K]]#{{[01]}}
// FUSED: cnn.kernel "a: dense_weight_gradient+sgd_update"
// FUSED: cnn.kernel "a: bias_gradient+sgd_update"

// APART-LABEL: func.func @train_b2
// APART: cnn.kernel "b: dense_weight_gradient"
// APART: cnn.kernel "b: sgd_update"
func.func @step_b2(%x: tensor<2x8xf32>, %labels: tensor<2xi32>, %scalars: tensor<8xf32>)
    -> (tensor<2xf32>, tensor<2x3xf32>) attributes {cnn.kind = "step", cnn.batch = 2 : i64} {
  %aw = cnn.load @a.weight {block = "value"} : tensor<4x8xf32>
  %ab = cnn.load @a.bias {block = "value"} : tensor<4xf32>
  %bw = cnn.load @b.weight {block = "value"} : tensor<3x4xf32>
  %0 = cnn.dense %x, %aw, %ab {cnn.layer = "a"} : (tensor<2x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %1 = cnn.relu %0 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = cnn.dense %1, %bw {cnn.layer = "b"} : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  %loss = cnn.softmax_cross_entropy %2, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %loss, %2 : tensor<2xf32>, tensor<2x3xf32>
}

// -----

// A weight used twice: the update waits for the sum of both gradients, of which it is the tail, and for both readers.
// A running average moves where the batch's statistic is known. A masked gradient's update follows the mask.
cnn.parameter @w : tensor<4x4xf32> {init = {kind = "xavier"}}
cnn.parameter @average : tensor<4xf32> {trainable = false, average = 1.0e-01 : f32, init = {kind = "constant", value = 0.0 : f32}}
cnn.parameter @m : tensor<2x4xf32> {init = {kind = "xavier"}, mask = dense<[[1, 0, 1, 0], [0, 1, 0, 1]]> : tensor<2x4xi8>}

// CHECK-LABEL: func.func @train_b2
// CHECK: %[[STATISTIC:.*]] = cnn.add %{{.*}}, %{{.*}} : (tensor<4xf32>
// CHECK: %[[OLD:.*]] = cnn.load @average {block = "value"}
// CHECK-NEXT: %[[NEW:.*]] = cnn.average_update %[[OLD]], %[[STATISTIC]]
// CHECK-NEXT: cnn.store @average, %[[NEW]] {block = "value"}
// CHECK: cnn.sgd_update
// CHECK-NEXT: cnn.store @{{[wm]}}
// CHECK-NOT: block = "gradient"
// CHECK-LABEL: func.func @update
// FUSED-LABEL: func.func @train_b2
// FUSED-DAG: cnn.kernel "average: average_update"
// FUSED-DAG: cnn.kernel "w: add+sgd_update"
// FUSED-DAG: cnn.kernel "m: mul+sgd_update"
// FUSED: func.func @update
func.func @step_b2(%x: tensor<2x4xf32>, %labels: tensor<2xi32>, %scalars: tensor<8xf32>)
    -> (tensor<2xf32>, tensor<2x2xf32>) attributes {cnn.kind = "step", cnn.batch = 2 : i64} {
  %w = cnn.load @w {block = "value"} : tensor<4x4xf32>
  %m = cnn.load @m {block = "value"} : tensor<2x4xf32>
  %sum = cnn.bias_gradient %x : (tensor<2x4xf32>) -> tensor<4xf32>
  %statistic = cnn.add %sum, %sum : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  cnn.store @average, %statistic {block = "gradient"} : tensor<4xf32>
  %0 = cnn.dense %x, %w : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
  %1 = cnn.relu %0 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = cnn.dense %1, %w : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
  %3 = cnn.dense %2, %m : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x2xf32>
  %loss = cnn.softmax_cross_entropy %3, %labels : (tensor<2x2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %loss, %3 : tensor<2xf32>, tensor<2x2xf32>
}

// -----

// A recipe that sums the gradients of several steps trains with steps and @update.
module attributes {cnn.recipe = {accumulate = 4 : i64}} {
cnn.parameter @w : tensor<3x8xf32> {init = {kind = "xavier"}}

// CHECK-LABEL: cnn.recipe = {accumulate = 4 : i64}
// CHECK: func.func @step_b2
// CHECK-NOT: "train"
// CHECK: func.func @update
func.func @step_b2(%x: tensor<2x8xf32>, %labels: tensor<2xi32>, %scalars: tensor<8xf32>)
    -> (tensor<2xf32>, tensor<2x3xf32>) attributes {cnn.kind = "step", cnn.batch = 2 : i64} {
  %w = cnn.load @w {block = "value"} : tensor<3x8xf32>
  %0 = cnn.dense %x, %w : (tensor<2x8xf32>, tensor<3x8xf32>) -> tensor<2x3xf32>
  %loss = cnn.softmax_cross_entropy %0, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %loss, %0 : tensor<2xf32>, tensor<2x3xf32>
}
}

// -----

// A step that leaves out a parameter which @update changes has no training function; the other has.
cnn.parameter @w : tensor<3x8xf32> {init = {kind = "xavier"}}
cnn.parameter @b : tensor<3xf32> {init = {kind = "xavier"}}

// CHECK-LABEL: func.func @step_b1
// CHECK-NOT: @train_b1
// CHECK: func.func @step_b2
// CHECK: func.func @train_b2
func.func @step_b1(%x: tensor<1x8xf32>, %labels: tensor<1xi32>, %scalars: tensor<8xf32>)
    -> (tensor<1xf32>, tensor<1x3xf32>) attributes {cnn.kind = "step", cnn.batch = 1 : i64} {
  %w = cnn.load @w {block = "value"} : tensor<3x8xf32>
  %0 = cnn.dense %x, %w : (tensor<1x8xf32>, tensor<3x8xf32>) -> tensor<1x3xf32>
  %loss = cnn.softmax_cross_entropy %0, %labels : (tensor<1x3xf32>, tensor<1xi32>) -> tensor<1xf32>
  return %loss, %0 : tensor<1xf32>, tensor<1x3xf32>
}
func.func @step_b2(%x: tensor<2x8xf32>, %labels: tensor<2xi32>, %scalars: tensor<8xf32>)
    -> (tensor<2xf32>, tensor<2x3xf32>) attributes {cnn.kind = "step", cnn.batch = 2 : i64} {
  %w = cnn.load @w {block = "value"} : tensor<3x8xf32>
  %b = cnn.load @b {block = "value"} : tensor<3xf32>
  %0 = cnn.dense %x, %w, %b : (tensor<2x8xf32>, tensor<3x8xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %loss = cnn.softmax_cross_entropy %0, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %loss, %0 : tensor<2xf32>, tensor<2x3xf32>
}

// -----

// Two parameters whose product is the weight: the gradient of each needs the old value of the other, so that both are
// complete before either update.
cnn.parameter @p : tensor<4x8xf32> {init = {kind = "xavier"}}
cnn.parameter @q : tensor<4x8xf32> {init = {kind = "xavier"}}

// FUSED-LABEL: func.func @train_b2
// FUSED: cnn.kernel "dense_weight_gradient"
// FUSED: cnn.kernel "mul"
// FUSED: cnn.kernel "mul"
// FUSED: cnn.kernel "{{[pq]}}: sgd_update"
// FUSED: cnn.kernel "{{[pq]}}: sgd_update"
func.func @step_b2(%x: tensor<2x8xf32>, %labels: tensor<2xi32>, %scalars: tensor<8xf32>)
    -> (tensor<2xf32>, tensor<2x4xf32>) attributes {cnn.kind = "step", cnn.batch = 2 : i64} {
  %p = cnn.load @p {block = "value"} : tensor<4x8xf32>
  %q = cnn.load @q {block = "value"} : tensor<4x8xf32>
  %w = cnn.mul %p, %q : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %0 = cnn.dense %x, %w : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<2x4xf32>
  %loss = cnn.softmax_cross_entropy %0, %labels : (tensor<2x4xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %loss, %0 : tensor<2xf32>, tensor<2x4xf32>
}
