// RUN: fovea-opt %s --split-input-file --cnn-hoist-constants | FileCheck %s
// RUN: fovea-opt %s --split-input-file --cnn-hoist-constants --cnn-hoist-constants | FileCheck %s

// What depends on the image, or on nothing at all, stays; a module without more gets no @prepare.
cnn.parameter @w : tensor<10x8xf32>
// CHECK-LABEL: func.func @nothing_to_hoist
// CHECK: cnn.relu
// CHECK: cnn.dense
// CHECK-NOT: @prepare
func.func @nothing_to_hoist(%x: tensor<1x8xf32>) -> tensor<1x10xf32> attributes {cnn.kind = "infer"} {
  %w = cnn.load @w {block = "value"} : tensor<10x8xf32>
  %0 = cnn.relu %x : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %1 = cnn.dense %0, %w : (tensor<1x8xf32>, tensor<10x8xf32>) -> tensor<1x10xf32>
  return %1 : tensor<1x10xf32>
}

// -----

// Steps change parameters: they compute for themselves. So does an update.
cnn.parameter @w : tensor<10x8xf32>
// CHECK-LABEL: func.func @step
// CHECK: cnn.relayout
// CHECK-LABEL: func.func @update
// CHECK: cnn.relayout
// CHECK-NOT: @prepare
func.func @step(%x: tensor<1x8xf32>) -> tensor<1x10xf32> attributes {cnn.kind = "step"} {
  %w = cnn.load @w {block = "value"} : tensor<10x8xf32>
  %0 = cnn.relayout %w : (tensor<10x8xf32>) -> tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>>
  %1 = cnn.dense %x, %0 : (tensor<1x8xf32>, tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>>) -> tensor<1x10xf32>
  return %1 : tensor<1x10xf32>
}
func.func @update(%scalars: tensor<8xf32>) attributes {cnn.kind = "update"} {
  %w = cnn.load @w {block = "value"} : tensor<10x8xf32>
  %0 = cnn.relayout %w : (tensor<10x8xf32>) -> tensor<10x8xf32>
  cnn.store @w, %0 {block = "value"} : tensor<10x8xf32>
  return
}

// -----

// A chain moves as a whole, and only what is read outside is kept; two batch sizes share it. Loads that nobody reads
// any more go, and the derived parameter stands behind the others.
// CHECK: cnn.parameter @w
// CHECK-NEXT: cnn.parameter @v
// CHECK-NEXT: cnn.parameter @w.relayout : tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>> {derived, trainable = false}
cnn.parameter @w : tensor<10x8xf32>
cnn.parameter @v : tensor<10x8xf32> {trainable = false, value = dense<2.0> : tensor<10x8xf32>}
// CHECK-LABEL: func.func @infer_b1
// CHECK-NEXT: %[[DERIVED:.*]] = cnn.load @w.relayout {block = "value"} : tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>>
// CHECK-NEXT: cnn.dense %{{.*}}, %[[DERIVED]]
func.func @infer_b1(%x: tensor<1x8xf32>) -> tensor<1x10xf32> attributes {cnn.kind = "infer"} {
  %w = cnn.load @w {block = "value"} : tensor<10x8xf32>
  %v = cnn.load @v {block = "value"} : tensor<10x8xf32>
  %0 = cnn.mul %w, %v : (tensor<10x8xf32>, tensor<10x8xf32>) -> tensor<10x8xf32>
  %1 = cnn.relayout %0 : (tensor<10x8xf32>) -> tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>>
  %2 = cnn.dense %x, %1 : (tensor<1x8xf32>, tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>>) -> tensor<1x10xf32>
  return %2 : tensor<1x10xf32>
}
// CHECK-LABEL: func.func @infer_b2
// CHECK-NEXT: cnn.load @w.relayout
// CHECK-NEXT: cnn.dense
func.func @infer_b2(%x: tensor<2x8xf32>) -> tensor<2x10xf32> attributes {cnn.kind = "infer"} {
  %w = cnn.load @w {block = "value"} : tensor<10x8xf32>
  %v = cnn.load @v {block = "value"} : tensor<10x8xf32>
  %0 = cnn.mul %w, %v : (tensor<10x8xf32>, tensor<10x8xf32>) -> tensor<10x8xf32>
  %1 = cnn.relayout %0 : (tensor<10x8xf32>) -> tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>>
  %2 = cnn.dense %x, %1 : (tensor<2x8xf32>, tensor<10x8xf32, #cnn.layout<weight, 16, 8, 1, 1>>) -> tensor<2x10xf32>
  return %2 : tensor<2x10xf32>
}
// CHECK-LABEL: func.func @prepare() attributes {cnn.kind = "prepare"}
// CHECK-NEXT: %[[W:.*]] = cnn.load @w
// CHECK-NEXT: %[[V:.*]] = cnn.load @v
// CHECK-NEXT: %[[M:.*]] = cnn.mul %[[W]], %[[V]]
// CHECK-NEXT: %[[R:.*]] = cnn.relayout %[[M]]
// CHECK-NEXT: cnn.store @w.relayout, %[[R]] {block = "value"}
// CHECK-NEXT: return

// -----

// What is read both outside and by another that moves is kept, too. Names that are taken are not taken again: not by
// a parameter, and not by what was derived before.
// CHECK-DAG: cnn.parameter @w.relu : tensor<4x4xf32>{{$}}
// CHECK-DAG: cnn.parameter @[[RELU:w.relu_[0-9]+]] : tensor<4x4xf32> {derived, trainable = false}
// CHECK-DAG: cnn.parameter @w.tanh : tensor<4x4xf32> {derived, trainable = false}
cnn.parameter @w : tensor<4x4xf32>
cnn.parameter @w.relu : tensor<4x4xf32>
// CHECK-LABEL: func.func @names
// CHECK-DAG: cnn.load @w.relu {
// CHECK-DAG: cnn.load @[[RELU]] {
// CHECK-DAG: cnn.load @w.tanh {
// CHECK-NOT: cnn.relu
// CHECK: return
// CHECK-LABEL: func.func @prepare
// CHECK: %[[A:.*]] = cnn.relu
// CHECK: cnn.store @[[RELU]], %[[A]]
// CHECK: %[[B:.*]] = cnn.tanh %[[A]]
// CHECK: cnn.store @w.tanh, %[[B]]
func.func @names(%x: tensor<1x4xf32>) -> tensor<1x4xf32> attributes {cnn.kind = "infer"} {
  %w = cnn.load @w {block = "value"} : tensor<4x4xf32>
  %u = cnn.load @w.relu {block = "value"} : tensor<4x4xf32>
  %0 = cnn.relu %w : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = cnn.tanh %0 : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = cnn.dense %x, %0 : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
  %3 = cnn.dense %2, %1 : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
  %4 = cnn.dense %3, %u : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
  return %4 : tensor<1x4xf32>
}
