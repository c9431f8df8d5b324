// RUN: fovea-opt %s --split-input-file --cnn-fold-batch-norm | FileCheck %s
// RUN: fovea-opt %s --split-input-file --cnn-fold-batch-norm --cnn-assign-layouts=target=x86-64-v3 --cnn-hoist-constants | FileCheck %s --check-prefix=HOISTED

cnn.parameter @w : tensor<4x3x3x3xf32>
cnn.parameter @b : tensor<4xf32>
cnn.parameter @c : tensor<4xf32>

// The layer keeps its window and its name; what was the normalization's offset is its bias.
// CHECK-LABEL: func.func @no_bias
// CHECK: %[[W:.*]] = cnn.load @w
// CHECK: %[[C:.*]] = cnn.load @c
// CHECK: %[[K:.*]] = cnn.batch_norm_coefficient %[[C]], %[[C]] {cnn.layer = "norm", epsilon = 1.000000e-03 : f32}
// CHECK: %[[D:.*]] = cnn.batch_norm_offset %[[C]], %[[C]], %[[K]] {cnn.layer = "norm"}
// CHECK: %[[V:.*]] = cnn.scale_filters %[[W]], %[[K]] {cnn.layer = "conv"}
// CHECK: %[[Y:.*]] = cnn.conv2d %{{.*}}, %[[V]], %[[D]] {cnn.layer = "conv", pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 2, 2>}
// CHECK-NEXT: return %[[Y]]
// Nothing of that is left to the inference.
// HOISTED-LABEL: func.func @no_bias
// HOISTED-NOT: cnn.batch_norm
// HOISTED-NOT: cnn.scale
// HOISTED: cnn.load @c.batch_norm_offset {block = "value"} : tensor<4xf32, #cnn.layout<vector, 4>>
// HOISTED: cnn.load @w.scale_filters {block = "value"} : tensor<4x3x3x3xf32, #cnn.layout<weight, 4>>
// HOISTED: cnn.conv2d
func.func @no_bias(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x4x4xf32> attributes {cnn.kind = "infer"} {
  %w = cnn.load @w {block = "value"} : tensor<4x3x3x3xf32>
  %c = cnn.load @c {block = "value"} : tensor<4xf32>
  %0 = cnn.conv2d %x, %w {cnn.layer = "conv", pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 2, 2>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
  %1 = cnn.batch_norm %0, %c, %c, %c, %c {cnn.layer = "norm", epsilon = 0.001 : f32} : (tensor<1x4x4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x4x4xf32>
  return %1 : tensor<1x4x4x4xf32>
}

// CHECK-LABEL: func.func @bias
// CHECK: %[[K:.*]] = cnn.batch_norm_coefficient
// CHECK: %[[D:.*]] = cnn.batch_norm_offset
// CHECK: %[[V:.*]] = cnn.scale_filters %{{.*}}, %[[K]]
// CHECK: %[[B:.*]] = cnn.scale_bias %{{.*}}, %[[K]], %[[D]]
// CHECK: cnn.conv2d %{{.*}}, %[[V]], %[[B]]
func.func @bias(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x6x6xf32> attributes {cnn.kind = "infer"} {
  %w = cnn.load @w {block = "value"} : tensor<4x3x3x3xf32>
  %b = cnn.load @b {block = "value"} : tensor<4xf32>
  %c = cnn.load @c {block = "value"} : tensor<4xf32>
  %0 = cnn.conv2d %x, %w, %b : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
  %1 = cnn.batch_norm %0, %c, %c, %c, %c : (tensor<1x4x6x6xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
  return %1 : tensor<1x4x6x6xf32>
}

// Two scales, the first without an offset: one after the other.
// CHECK-LABEL: func.func @two_scales
// CHECK: %[[V:.*]] = cnn.scale_filters %[[W:.*]], %[[B:.*]] :
// CHECK: %[[U:.*]] = cnn.scale_filters %[[V]], %[[C:.*]] :
// CHECK: cnn.conv2d %{{.*}}, %[[U]], %[[B]]
// CHECK-NEXT: return
func.func @two_scales(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x6x6xf32> attributes {cnn.kind = "infer"} {
  %w = cnn.load @w {block = "value"} : tensor<4x3x3x3xf32>
  %b = cnn.load @b {block = "value"} : tensor<4xf32>
  %c = cnn.load @c {block = "value"} : tensor<4xf32>
  %0 = cnn.conv2d %x, %w : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  %1 = cnn.scale %0, %b : (tensor<1x4x6x6xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
  %2 = cnn.scale %1, %c, %b : (tensor<1x4x6x6xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
  return %2 : tensor<1x4x6x6xf32>
}

// -----

// The filters of a dense layer are seen as its input's channels and pixels, scaled ones too.
cnn.parameter @w : tensor<4x48xf32>
cnn.parameter @c : tensor<4xf32>
// CHECK-LABEL: func.func @dense
// CHECK: %[[V:.*]] = cnn.scale_filters
// CHECK: cnn.dense %{{.*}}, %[[V]], %{{.*}}
// HOISTED: cnn.parameter @w : tensor<4x48xf32, #cnn.layout<weight, 4, 3, 4, 4>>
// HOISTED: cnn.parameter @w.scale_filters : tensor<4x48xf32, #cnn.layout<weight, 4, 3, 4, 4>> {derived, trainable = false}
func.func @dense(%x: tensor<1x3x4x4xf32>) -> tensor<1x4xf32> attributes {cnn.kind = "infer"} {
  %w = cnn.load @w {block = "value"} : tensor<4x48xf32>
  %c = cnn.load @c {block = "value"} : tensor<4xf32>
  %0 = cnn.dense %x, %w : (tensor<1x3x4x4xf32>, tensor<4x48xf32>) -> tensor<1x4xf32>
  %1 = cnn.batch_norm %0, %c, %c, %c, %c : (tensor<1x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  return %1 : tensor<1x4xf32>
}

// -----

cnn.parameter @w : tensor<3x3x1x1xf32>
cnn.parameter @c : tensor<3xf32>

// What is no layer's, or not only the normalization's, or not a parameter's alone, is scaled where it is.
// CHECK-LABEL: func.func @of_the_image
// CHECK: %[[K:.*]] = cnn.batch_norm_coefficient
// CHECK: %[[D:.*]] = cnn.batch_norm_offset
// CHECK: cnn.scale %arg0, %[[K]], %[[D]]
func.func @of_the_image(%x: tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32> attributes {cnn.kind = "infer"} {
  %c = cnn.load @c {block = "value"} : tensor<3xf32>
  %0 = cnn.batch_norm %x, %c, %c, %c, %c : (tensor<1x3x4x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x4x4xf32>
}

// CHECK-LABEL: func.func @read_twice
// CHECK: %[[Y:.*]] = cnn.conv2d
// CHECK: %[[Z:.*]] = cnn.scale %[[Y]]
// CHECK: cnn.add %[[Y]], %[[Z]]
func.func @read_twice(%x: tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32> attributes {cnn.kind = "infer"} {
  %w = cnn.load @w {block = "value"} : tensor<3x3x1x1xf32>
  %c = cnn.load @c {block = "value"} : tensor<3xf32>
  %0 = cnn.conv2d %x, %w : (tensor<1x3x4x4xf32>, tensor<3x3x1x1xf32>) -> tensor<1x3x4x4xf32>
  %1 = cnn.batch_norm %0, %c, %c, %c, %c : (tensor<1x3x4x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x3x4x4xf32>
  %2 = cnn.add %0, %1 : (tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  return %2 : tensor<1x3x4x4xf32>
}

// CHECK-LABEL: func.func @computed_coefficient
// CHECK: %[[Y:.*]] = cnn.conv2d
// CHECK: cnn.scale %[[Y]], %arg1
func.func @computed_coefficient(%x: tensor<1x3x4x4xf32>, %c: tensor<3xf32>) -> tensor<1x3x4x4xf32> attributes {cnn.kind = "infer"} {
  %w = cnn.load @w {block = "value"} : tensor<3x3x1x1xf32>
  %0 = cnn.conv2d %x, %w : (tensor<1x3x4x4xf32>, tensor<3x3x1x1xf32>) -> tensor<1x3x4x4xf32>
  %1 = cnn.scale %0, %c : (tensor<1x3x4x4xf32>, tensor<3xf32>) -> tensor<1x3x4x4xf32>
  return %1 : tensor<1x3x4x4xf32>
}

// Steps normalize by their batch, and need the convolution's result for the gradients.
// CHECK-LABEL: func.func @step
// CHECK: cnn.batch_norm %
// CHECK: cnn.scale %
func.func @step(%x: tensor<1x3x4x4xf32>, %scalars: tensor<8xf32>) -> tensor<1x3x4x4xf32> attributes {cnn.kind = "step"} {
  %w = cnn.load @w {block = "value"} : tensor<3x3x1x1xf32>
  %c = cnn.load @c {block = "value"} : tensor<3xf32>
  %0 = cnn.conv2d %x, %w : (tensor<1x3x4x4xf32>, tensor<3x3x1x1xf32>) -> tensor<1x3x4x4xf32>
  %m, %v = cnn.batch_statistics %0, %scalars : (tensor<1x3x4x4xf32>, tensor<8xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  %1 = cnn.batch_norm %0, %c, %c, %m, %v, %scalars : (tensor<1x3x4x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<8xf32>) -> tensor<1x3x4x4xf32>
  %2 = cnn.scale %1, %c : (tensor<1x3x4x4xf32>, tensor<3xf32>) -> tensor<1x3x4x4xf32>
  return %2 : tensor<1x3x4x4xf32>
}
