// RUN: fovea-opt %s --split-input-file --cnn-optimize=target=x86-64-v3 --cnn-schedule=target=x86-64-v3 --cnn-explain -o /dev/null | FileCheck %s

// CHECK: Small for x86-64-v3
// CHECK-NEXT: parameters: 2 tensors, 3 trainable values, 1 constant; {{[0-9,]+}} bytes packed

module attributes {cnn.network = "Small"} {
cnn.parameter @c.weight : tensor<2x1x1x1xf32> {init = {kind = "xavier"}}
cnn.parameter @d.weight : tensor<2x2x1x1xf32> {init = {kind = "xavier"}, mask = dense<[[[[1]], [[0]]], [[[0]], [[0]]]]> : tensor<2x2x1x1xi8>}
cnn.parameter @constant : tensor<2x2x1x1xf32> {trainable = false, value = dense<1.0> : tensor<2x2x1x1xf32>}

// CHECK: infer_b1: 6 operations in 3 kernels, {{.*}}FLOP, {{.*}}B read and written
// CHECK-NEXT: kernel {{ *}}FLOP {{ *}}bytes  schedule
// CHECK-NEXT: c: conv2d+relu
// CHECK-NEXT: d: conv2d+max_pool
// CHECK-NEXT: halo: none, windows share no rows, 2 rows of 2x16, 0 kB
// CHECK-NEXT: conv2d+relayout
// CHECK-NEXT: memory inside kernels: fusion keeps {{[0-9,]+}} bytes out of it
// CHECK-NEXT: memory between kernels: {{[0-9,]+}} bytes, {{[0-9]+}} % less than {{[0-9,]+}} if nothing were shared, {{[0-9]+}} % more than the {{[0-9,]+}} that are live at once
func.func @infer_b1(%x: tensor<1x1x16x16xf32>) -> tensor<1x2x8x8xf32> attributes {cnn.kind = "infer", cnn.batch = 1} {
  %c = cnn.load @c.weight {block = "value"} : tensor<2x1x1x1xf32>
  %d = cnn.load @d.weight {block = "value"} : tensor<2x2x1x1xf32>
  %e = cnn.load @constant {block = "value"} : tensor<2x2x1x1xf32>
  %0 = cnn.conv2d %x, %c {cnn.layer = "c"} : (tensor<1x1x16x16xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x16x16xf32>
  %1 = cnn.relu %0 {cnn.layer = "c"} : (tensor<1x2x16x16xf32>) -> tensor<1x2x16x16xf32>
  %2 = cnn.conv2d %1, %d {cnn.layer = "d"} : (tensor<1x2x16x16xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x16x16xf32>
  %3 = cnn.max_pool %2 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, cnn.layer = "d"} : (tensor<1x2x16x16xf32>) -> tensor<1x2x8x8xf32>
  %4 = cnn.conv2d %3, %e : (tensor<1x2x8x8xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x8x8xf32>
  return %4 : tensor<1x2x8x8xf32>
}
}

// -----

// What inferences need not do any more: one line in front of the functions, and the function that does it.
// CHECK: Constant for x86-64-v3
// CHECK-NEXT: parameters: 1 tensors, 4 trainable values, 2 running averages; 32 bytes packed; 1 derived from them, 16 bytes
// CHECK: infer_b1: 3 operations in 3 kernels
// CHECK: prepare: 1 operations in 1 kernels
// CHECK-NEXT: kernel
// CHECK-NEXT: c: relu
// CHECK-NEXT: once, before the first inference and again after parameters have changed: keeps 1 tensors, 16 bytes
module attributes {cnn.network = "Constant"} {
cnn.parameter @c.weight : tensor<4x1xf32> {init = {kind = "xavier"}}
cnn.parameter @c.running_mean : tensor<2xf32> {trainable = false, init = {kind = "constant", value = 0.0}, average = 0.1 : f32}
cnn.parameter @c.running_var : tensor<2xf32> {trainable = false, init = {kind = "constant", value = 1.0}, average = 0.1 : f32}
func.func @infer_b1(%x: tensor<4x1xf32>) -> tensor<4x1xf32> attributes {cnn.kind = "infer", cnn.batch = 4} {
  %c = cnn.load @c.weight {block = "value"} : tensor<4x1xf32>
  %0 = cnn.relu %c {cnn.layer = "c"} : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %1 = cnn.tanh %x : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %2 = cnn.softmax %1 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %3 = cnn.mul %2, %0 : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %3 : tensor<4x1xf32>
}
}

// -----

// The numbers of a training step's plan: three values of 2,048 bytes and a gradient of 256. The first is over when the
// third begins, which is kept for the gradient of the weight; the gradient follows the second.
// CHECK: Step for x86-64-v3
// CHECK: step: 7 operations in 7 kernels
// CHECK: memory between kernels: 4,096 bytes, 36 % less than 6,400 if nothing were shared, 0 % more than the 4,096 that are live at once
// CHECK: update: 1 operations in 1 kernels
// CHECK: memory between kernels: none
module attributes {cnn.network = "Step"} {
cnn.parameter @d.weight : tensor<8x64xf32> {init = {kind = "xavier"}}
func.func @step(%x: tensor<8x64xf32>, %labels: tensor<8xi32>, %scalars: tensor<8xf32>) -> (tensor<8xf32>, tensor<8x8xf32>) attributes {cnn.kind = "step", cnn.batch = 8} {
  %w = cnn.load @d.weight {block = "value"} : tensor<8x64xf32>
  %0 = cnn.tanh %x : (tensor<8x64xf32>) -> tensor<8x64xf32>
  %1 = cnn.softmax %0 : (tensor<8x64xf32>) -> tensor<8x64xf32>
  %2 = cnn.softmax %1 : (tensor<8x64xf32>) -> tensor<8x64xf32>
  %3 = cnn.dense %2, %w : (tensor<8x64xf32>, tensor<8x64xf32>) -> tensor<8x8xf32>
  %4 = cnn.softmax_cross_entropy %3, %labels : (tensor<8x8xf32>, tensor<8xi32>) -> tensor<8xf32>
  return %4, %3 : tensor<8xf32>, tensor<8x8xf32>
}
}

// RUN: fovea-opt %S/fuse-update.mlir --split-input-file --cnn-optimize=target=x86-64-v3 --cnn-schedule=target=x86-64-v3 --cnn-explain -o /dev/null | FileCheck %s --check-prefix=UPDATES
// RUN: fovea-opt %S/fuse-update.mlir --split-input-file --cnn-optimize="target=x86-64-v3 fuse-elementwise=false" --cnn-schedule=target=x86-64-v3 --cnn-explain -o /dev/null | FileCheck %s --check-prefix=APART
// RUN: fovea-opt %S/fuse-update.mlir --split-input-file --cnn-optimize="target=x86-64-v3 fuse-update=false" --cnn-schedule=target=x86-64-v3 --cnn-explain -o /dev/null | FileCheck %s --check-prefix=NONE
// UPDATES: train_b2: {{[0-9]+}} operations in
// UPDATES: b: dense_weight_gradient+sgd_update
// UPDATES: updates: 3, of which 3 end the kernel of their gradient and keep {{[0-9]+}} bytes out of memory
// UPDATES: update: 3 operations in 3 kernels
// UPDATES-NOT: updates:
// UPDATES: train_b2
// APART: train_b2: {{[0-9]+}} operations in
// APART: updates: 3, of which 0 end
// NONE-NOT: train_b
