// RUN: fovea-opt %s --split-input-file --cnn-assign-layouts=target=x86-64-v3 | FileCheck %s
// RUN: not fovea-opt %s --split-input-file --cnn-assign-layouts=target=pdp11 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: {{.*}}pdp11

// Channels innermost inside, plain at the border; the bias is padded like the channels that it is added to.
// CHECK: module attributes {cnn.target = "x86-64-v3"}
// CHECK: cnn.parameter @w : tensor<12x3x3x3xf32, #cnn.layout<weight, [[WB:[0-9]+]]>>
// CHECK: cnn.parameter @b : tensor<12xf32, #cnn.layout<vector, [[B:[0-9]+]]>>
cnn.parameter @w : tensor<12x3x3x3xf32> {init = {kind = "xavier"}}
cnn.parameter @b : tensor<12xf32> {init = {kind = "xavier"}}

// CHECK-LABEL: func.func @infer_b1
// CHECK-SAME: (%arg0: tensor<1x3x8x8xf32>) -> tensor<1x12x3x3xf32>
// CHECK-DAG: %[[X:.*]] = cnn.relayout %arg0 : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32, #cnn.layout<channels_last, {{[0-9]+}}>>
// CHECK-DAG: %[[W:.*]] = cnn.load @w {block = "value"} : tensor<12x3x3x3xf32, #cnn.layout<weight, [[WB]]>>
// CHECK-DAG: %[[BIAS:.*]] = cnn.load @b {block = "value"} : tensor<12xf32, #cnn.layout<vector, [[B]]>>
// CHECK: %[[C:.*]] = cnn.conv2d %[[X]], %[[W]], %[[BIAS]] {{.*}} -> tensor<1x12x6x6xf32, #cnn.layout<channels_last, [[B]]>>
// CHECK: %[[P:.*]] = cnn.max_pool %[[C]] {{.*}} -> tensor<1x12x3x3xf32, #cnn.layout<channels_last, [[B]]>>
// CHECK: %[[Y:.*]] = cnn.relayout %[[P]] : {{.*}} -> tensor<1x12x3x3xf32>
// CHECK: return %[[Y]] : tensor<1x12x3x3xf32>
func.func @infer_b1(%x: tensor<1x3x8x8xf32>) -> tensor<1x12x3x3xf32> attributes {cnn.kind = "infer", cnn.batch = 1} {
  %w = cnn.load @w {block = "value"} : tensor<12x3x3x3xf32>
  %b = cnn.load @b {block = "value"} : tensor<12xf32>
  %0 = cnn.conv2d %x, %w, %b : (tensor<1x3x8x8xf32>, tensor<12x3x3x3xf32>, tensor<12xf32>) -> tensor<1x12x6x6xf32>
  %1 = cnn.max_pool %0 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<1x12x6x6xf32>) -> tensor<1x12x3x3xf32>
  return %1 : tensor<1x12x3x3xf32>
}

// -----

// One channel in memory order is the same image either way: no copy, neither in nor out.
// CHECK-LABEL: func.func @infer_b1
// CHECK-SAME: (%arg0: tensor<1x1x4x4xf32, #cnn.layout<channels_last, 1>>) -> tensor<1x1x4x4xf32, #cnn.layout<channels_last, 1>>
// CHECK-NEXT: %[[R:.*]] = cnn.relu %arg0
// CHECK-NEXT: return %[[R]]
func.func @infer_b1(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> attributes {cnn.kind = "infer", cnn.batch = 1} {
  %0 = cnn.relu %x : (tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  return %0 : tensor<1x1x4x4xf32>
}

// -----

// A dense weight is packed by the view of its input; backwards the same view serves, in blocks of input channels. A
// weight's mask and gradient are packed like the weight, and so are the update's operands.
// CHECK: cnn.parameter @w : tensor<3x16xf32, #cnn.layout<weight, [[WB:[0-9]+]], 4, 2, 2>>
// CHECK: cnn.parameter @w.mask : tensor<3x16xf32, #cnn.layout<weight, [[WB]], 4, 2, 2>>
cnn.parameter @w : tensor<3x16xf32> {init = {kind = "xavier"}}
cnn.parameter @w.mask : tensor<3x16xf32> {trainable = false, value = dense<1.0> : tensor<3x16xf32>}

// CHECK-LABEL: func.func @gradients
// CHECK: cnn.dense %{{.*}}, %[[W:[0-9]+]] :
// CHECK: cnn.dense_input_gradient %{{.*}}, %[[W]] : {{.*}} -> tensor<2x4x2x2xf32, #cnn.layout<channels_last, {{[0-9]+}}>>
// CHECK: %[[DW:.*]] = cnn.dense_weight_gradient {{.*}} -> tensor<3x16xf32, #cnn.layout<weight, [[WB]], 4, 2, 2>>
// CHECK: %[[DM:.*]] = cnn.mul %[[DW]], %{{.*}} -> tensor<3x16xf32, #cnn.layout<weight, [[WB]], 4, 2, 2>>
// CHECK: cnn.store @w, %[[DM]]
func.func @gradients(%x: tensor<2x4x2x2xf32>, %dy: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x4x2x2xf32>) {
  %w = cnn.load @w {block = "value"} : tensor<3x16xf32>
  %0 = cnn.dense %x, %w : (tensor<2x4x2x2xf32>, tensor<3x16xf32>) -> tensor<2x3xf32>
  %2 = cnn.dense_input_gradient %dy, %w : (tensor<2x3xf32>, tensor<3x16xf32>) -> tensor<2x4x2x2xf32>
  %3 = cnn.dense_weight_gradient %x, %dy : (tensor<2x4x2x2xf32>, tensor<2x3xf32>) -> tensor<3x16xf32>
  %m = cnn.load @w.mask {block = "value"} : tensor<3x16xf32>
  %4 = cnn.mul %3, %m : (tensor<3x16xf32>, tensor<3x16xf32>) -> tensor<3x16xf32>
  cnn.store @w, %4 {block = "gradient"} : tensor<3x16xf32>
  return %0, %2 : tensor<2x3xf32>, tensor<2x4x2x2xf32>
}

// CHECK-LABEL: func.func @update
// CHECK: cnn.sgd_update {{.*}} -> (tensor<3x16xf32, #cnn.layout<weight, [[WB]], 4, 2, 2>>, tensor<3x16xf32, #cnn.layout<weight, [[WB]], 4, 2, 2>>)
func.func @update(%scalars: tensor<8xf32>) attributes {cnn.kind = "update"} {
  %w = cnn.load @w {block = "value"} : tensor<3x16xf32>
  %g = cnn.load @w {block = "gradient"} : tensor<3x16xf32>
  %v = cnn.load @w {block = "momentum"} : tensor<3x16xf32>
  %0, %1 = cnn.sgd_update %w, %g, %v, %scalars : (tensor<3x16xf32>, tensor<3x16xf32>, tensor<3x16xf32>, tensor<8xf32>) -> (tensor<3x16xf32>, tensor<3x16xf32>)
  cnn.store @w, %0 {block = "value"} : tensor<3x16xf32>
  cnn.store @w, %1 {block = "momentum"} : tensor<3x16xf32>
  return
}

// -----

// Two layers that see one weight through different views: the second reads a repacked copy.
// CHECK: cnn.parameter @w : tensor<3x16xf32, #cnn.layout<weight, {{[0-9]+}}, 4, 2, 2>>
cnn.parameter @w : tensor<3x16xf32> {init = {kind = "xavier"}}
// CHECK-LABEL: func.func @two_views
// CHECK: %[[W:.*]] = cnn.load @w
// CHECK: %[[W2:.*]] = cnn.relayout %[[W]] : {{.*}} -> tensor<3x16xf32, #cnn.layout<weight, {{[0-9]+}}, 16, 1, 1>>
// CHECK: cnn.dense %{{.*}}, %[[W]] :
// CHECK: cnn.dense %{{.*}}, %[[W2]] :
func.func @two_views(%x: tensor<2x4x2x2xf32>, %y: tensor<2x16xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %w = cnn.load @w {block = "value"} : tensor<3x16xf32>
  %0 = cnn.dense %x, %w : (tensor<2x4x2x2xf32>, tensor<3x16xf32>) -> tensor<2x3xf32>
  %1 = cnn.dense %y, %w : (tensor<2x16xf32>, tensor<3x16xf32>) -> tensor<2x3xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<2x3xf32>
}
