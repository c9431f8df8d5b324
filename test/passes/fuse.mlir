// RUN: fovea-opt %s --cnn-fuse | FileCheck %s
// RUN: fovea-opt %s --cnn-fuse=enable-pool=false | FileCheck %s --check-prefix=NOPOOL
// RUN: fovea-opt %s --cnn-fuse="enable-pool=false enable-elementwise=false" | FileCheck %s --check-prefix=NONE
// RUN: fovea-opt %s --cnn-fuse=windows-apart | FileCheck %s --check-prefix=DEVICE

cnn.parameter @p : tensor<4xf32> {init = {kind = "xavier"}}
cnn.parameter @q : tensor<4xf32> {init = {kind = "xavier"}}

// A convolution, its activation, its pooling and the change to the output's order are one kernel.
// CHECK-LABEL: func.func @chain
// CHECK-NEXT: %[[K:.*]] = cnn.kernel "conv1+act: conv2d+relu+max_pool+relayout" (%[[A:.*]] = %arg0, %[[B:.*]] = %arg1)
// CHECK-NEXT: %[[C:.*]] = cnn.conv2d %[[A]], %[[B]]
// CHECK-NEXT: %[[R:.*]] = cnn.relu %[[C]]
// CHECK-NEXT: %[[P:.*]] = cnn.max_pool %[[R]]
// CHECK-NEXT: %[[O:.*]] = cnn.relayout %[[P]]
// CHECK-NEXT: cnn.yield %[[O]]
// CHECK: return %[[K]]
// NOPOOL-LABEL: func.func @chain
// NOPOOL: cnn.kernel "conv1+act: conv2d+relu"
// NOPOOL: cnn.kernel "conv1: max_pool+relayout"
// DEVICE-LABEL: func.func @chain
// DEVICE: %[[C:.*]] = cnn.kernel "conv1+act: conv2d+relu"
// DEVICE: cnn.kernel "conv1: max_pool+relayout" (%{{.*}} = %[[C]])
// NONE-LABEL: func.func @chain
// NONE: cnn.kernel "conv1: conv2d"
// NONE: cnn.kernel "act: relu"
// NONE: cnn.kernel "conv1: max_pool"
// NONE: cnn.kernel "relayout"
func.func @chain(%x: tensor<1x2x6x6xf32, #cnn.layout<channels_last, 8>>, %w: tensor<4x2x3x3xf32, #cnn.layout<weight, 8>>)
    -> tensor<1x4x2x2xf32> {
  %0 = cnn.conv2d %x, %w {cnn.layer = "conv1"} : (tensor<1x2x6x6xf32, #cnn.layout<channels_last, 8>>, tensor<4x2x3x3xf32, #cnn.layout<weight, 8>>) -> tensor<1x4x4x4xf32, #cnn.layout<channels_last, 8>>
  %1 = cnn.relu %0 {cnn.layer = "act"} : (tensor<1x4x4x4xf32, #cnn.layout<channels_last, 8>>) -> tensor<1x4x4x4xf32, #cnn.layout<channels_last, 8>>
  %2 = cnn.max_pool %1 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, cnn.layer = "conv1"} : (tensor<1x4x4x4xf32, #cnn.layout<channels_last, 8>>) -> tensor<1x4x2x2xf32, #cnn.layout<channels_last, 8>>
  %3 = cnn.relayout %2 : (tensor<1x4x2x2xf32, #cnn.layout<channels_last, 8>>) -> tensor<1x4x2x2xf32>
  return %3 : tensor<1x4x2x2xf32>
}

// What is read twice goes to memory: the kernel ends there.
// CHECK-LABEL: func.func @read_twice
// CHECK: %[[K:.*]] = cnn.kernel "conv2d+tanh"
// CHECK: %[[P:.*]]:2 = cnn.kernel "max_pool_indices" ({{.*}} = %[[K]])
// CHECK: cnn.yield %{{.*}}, %{{.*}} :
// CHECK: cnn.kernel "max_pool_gradient+tanh_gradient" ({{.*}} = %[[P]]#1, {{.*}} = %[[P]]#0, {{.*}} = %[[K]])
func.func @read_twice(%x: tensor<1x2x6x6xf32>, %w: tensor<4x2x3x3xf32>) -> tensor<1x4x4x4xf32> {
  %0 = cnn.conv2d %x, %w : (tensor<1x2x6x6xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x4x4xf32>
  %1 = cnn.tanh %0 : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %y, %i = cnn.max_pool_indices %1 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<1x4x4x4xf32>) -> (tensor<1x4x2x2xf32>, tensor<1x4x2x2xi8>)
  %2 = cnn.max_pool_gradient %i, %y {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<1x4x2x2xi8>, tensor<1x4x2x2xf32>) -> tensor<1x4x4x4xf32>
  %3 = cnn.tanh_gradient %1, %2 : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %3 : tensor<1x4x4x4xf32>
}

// A sum joins one of its producers; the other stays a kernel of its own. Both operands may be the same value.
// CHECK-LABEL: func.func @sums
// CHECK: %[[A:.*]] = cnn.kernel "conv2d" (
// CHECK: %[[B:.*]] = cnn.kernel "conv2d+add+add" ({{.*}}%[[A]])
// CHECK: return %[[B]]
func.func @sums(%x: tensor<1x2x6x6xf32>, %w: tensor<4x2x3x3xf32>, %v: tensor<4x2x3x3xf32>) -> tensor<1x4x4x4xf32> {
  %0 = cnn.conv2d %x, %w : (tensor<1x2x6x6xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x4x4xf32>
  %1 = cnn.conv2d %x, %v : (tensor<1x2x6x6xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x4x4xf32>
  %2 = cnn.add %0, %1 : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %3 = cnn.add %2, %2 : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %3 : tensor<1x4x4x4xf32>
}

// One pooling to a kernel, none after a dense layer or a softmax; concatenations stay alone.
// CHECK-LABEL: func.func @kept_apart
// CHECK: cnn.kernel "avg_pool+sigmoid"
// CHECK: cnn.kernel "max_pool"
// CHECK: cnn.kernel "concat"
// CHECK: cnn.kernel "relu"
// CHECK: cnn.kernel "flatten"
// CHECK: cnn.kernel "softmax"
func.func @kept_apart(%x: tensor<1x2x4x4xf32>) -> tensor<1x4xf32> {
  %0 = cnn.avg_pool %x {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %1 = cnn.sigmoid %0 : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %2 = cnn.max_pool %1 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<1x2x2x2xf32>) -> tensor<1x2x1x1xf32>
  %3 = cnn.concat %2, %2 : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x4x1x1xf32>
  %4 = cnn.relu %3 : (tensor<1x4x1x1xf32>) -> tensor<1x4x1x1xf32>
  %5 = cnn.flatten %4 : (tensor<1x4x1x1xf32>) -> tensor<1x4xf32>
  %6 = cnn.softmax %5 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %6 : tensor<1x4xf32>
}

// The output is the image: it is copied.
// CHECK-LABEL: func.func @identity
// CHECK: %[[K:.*]] = cnn.kernel "relayout" (%[[A:.*]] = %arg0)
// CHECK: cnn.relayout %[[A]] : (tensor<1x4xf32>) -> tensor<1x4xf32>
// CHECK: return %[[K]]
func.func @identity(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  return %x : tensor<1x4xf32>
}

// Two parameters with one gradient: the second is a copy, and the gradient of the value goes on from the first.
// CHECK-LABEL: func.func @stored_twice
// CHECK: %[[G:.*]] = cnn.kernel "bias_gradient"
// CHECK: cnn.store @p, %[[G]]
// CHECK: %[[C:.*]] = cnn.kernel "relayout" ({{.*}} = %[[G]])
// CHECK: cnn.store @q, %[[C]]
// NONE-LABEL: func.func @stored_twice
func.func @stored_twice(%dy: tensor<1x4x2x2xf32>) {
  %0 = cnn.bias_gradient %dy : (tensor<1x4x2x2xf32>) -> tensor<4xf32>
  cnn.store @p, %0 {block = "gradient"} : tensor<4xf32>
  cnn.store @q, %0 {block = "gradient"} : tensor<4xf32>
  return
}
