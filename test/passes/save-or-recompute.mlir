// RUN: fovea-opt %s --cnn-differentiate --cnn-fold --cnn-save-or-recompute="target=x86-64-v3 cores=2 slowdown=10" | FileCheck %s
// RUN: fovea-opt %s --cnn-differentiate --cnn-fold --cnn-save-or-recompute="target=x86-64-v3 cores=2 slowdown=0" | FileCheck %s --check-prefix=KEPT
// RUN: fovea-opt %s --cnn-optimize="target=x86-64-v3 recompute=10" --cnn-schedule=target=x86-64-v3 --cnn-explain -o /dev/null | FileCheck %s --check-prefix=EXPLAIN
// RUN: not fovea-opt %s --cnn-save-or-recompute=target=pdp11 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: unknown target "pdp11"; expected host, x86-64-v3, x86-64-v4, cuda or opencl

cnn.parameter @a.weight : tensor<32x3x3x3xf32> {init = {kind = "xavier"}}
cnn.parameter @b.weight : tensor<32x32x1x1xf32> {init = {kind = "xavier"}}
cnn.parameter @c.weight : tensor<32x32x1x1xf32> {init = {kind = "xavier"}}
cnn.parameter @d.weight : tensor<10x2048xf32> {init = {kind = "xavier"}}

// The first pooling's input is kept for @c.weight's gradient: its result and indices are computed again from it. The
// second pooling's input is kept by nobody: its indices are saved, as bytes.
// CHECK-LABEL: func.func @step_b64
// CHECK-SAME: cnn.kept_bytes = {{[0-9]+}} : i64
// CHECK-SAME: cnn.recomputed = 1 : i64, cnn.recomputed_bytes = 10485760 : i64
// CHECK: %[[X:.*]] = cnn.relu
// CHECK-NOT: max_pool_indices
// CHECK: %[[P:.*]] = cnn.max_pool %[[X]] {cnn.layer = "p",
// CHECK: cnn.conv2d %[[P]]
// CHECK: %[[Q:.*]], %[[J:.*]] = cnn.max_pool_indices
// CHECK: cnn.softmax_cross_entropy %
// CHECK: cnn.max_pool_gradient %[[J]]
// CHECK: %[[AGAIN:.*]], %[[I:.*]] = cnn.max_pool_indices %[[X]] {cnn.again, cnn.layer = "p",
// CHECK-DAG: cnn.conv2d_weight_gradient %[[AGAIN]]
// CHECK-DAG: cnn.max_pool_gradient %[[I]]

// KEPT-LABEL: func.func @step_b64
// KEPT-SAME: cnn.recomputed = 0 : i64, cnn.recomputed_bytes = 0 : i64
// KEPT: cnn.max_pool_indices
// KEPT: cnn.max_pool_indices
// KEPT-NOT: cnn.max_pool_indices
// KEPT-NOT: cnn.again

// EXPLAIN: step_b64
// EXPLAIN: p again: max_pool_indices
// EXPLAIN: kept for the backward computation: {{[0-9,]+}} bytes; 1 result, 10,485,760 bytes, computed again in about {{[0-9.]+}} % of the step
func.func @step_b64(%x: tensor<64x3x32x32xf32>, %labels: tensor<64xi32>, %scalars: tensor<8xf32>)
    -> (tensor<64xf32>, tensor<64x10xf32>) attributes {cnn.kind = "step", cnn.batch = 64} {
  %aw = cnn.load @a.weight {block = "value"} : tensor<32x3x3x3xf32>
  %bw = cnn.load @b.weight {block = "value"} : tensor<32x32x1x1xf32>
  %cw = cnn.load @c.weight {block = "value"} : tensor<32x32x1x1xf32>
  %dw = cnn.load @d.weight {block = "value"} : tensor<10x2048xf32>
  %0 = cnn.conv2d %x, %aw {pad = array<i64: 1, 1, 1, 1>} : (tensor<64x3x32x32xf32>, tensor<32x3x3x3xf32>) -> tensor<64x32x32x32xf32>
  %1 = cnn.relu %0 : (tensor<64x32x32x32xf32>) -> tensor<64x32x32x32xf32>
  %2 = cnn.max_pool %1 {cnn.layer = "p", kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>} : (tensor<64x32x32x32xf32>) -> tensor<64x32x32x32xf32>
  %3 = cnn.conv2d %2, %bw : (tensor<64x32x32x32xf32>, tensor<32x32x1x1xf32>) -> tensor<64x32x32x32xf32>
  %4 = cnn.conv2d %1, %cw : (tensor<64x32x32x32xf32>, tensor<32x32x1x1xf32>) -> tensor<64x32x32x32xf32>
  %5 = cnn.add %3, %4 : (tensor<64x32x32x32xf32>, tensor<64x32x32x32xf32>) -> tensor<64x32x32x32xf32>
  %6 = cnn.max_pool %5 {kernel = array<i64: 4, 4>, stride = array<i64: 4, 4>} : (tensor<64x32x32x32xf32>) -> tensor<64x32x8x8xf32>
  %7 = cnn.dense %6, %dw : (tensor<64x32x8x8xf32>, tensor<10x2048xf32>) -> tensor<64x10xf32>
  %loss = cnn.softmax_cross_entropy %7, %labels : (tensor<64x10xf32>, tensor<64xi32>) -> tensor<64xf32>
  return %loss, %7 : tensor<64xf32>, tensor<64x10xf32>
}

// The function is no step: nothing is kept.
// CHECK-LABEL: func.func @infer
// CHECK-SAME: attributes {cnn.batch = 1 : i64, cnn.kind = "infer"}
func.func @infer(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32> attributes {cnn.kind = "infer", cnn.batch = 1} {
  %0 = cnn.relu %x : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  return %0 : tensor<1x3x8x8xf32>
}
