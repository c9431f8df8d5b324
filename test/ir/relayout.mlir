// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s
// RUN: fovea-opt %s -canonicalize | FileCheck-19 %s --check-prefix=FOLD

// CHECK-LABEL: @to_channels_last
// CHECK: cnn.relayout %{{.*}} : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32, #cnn.layout<channels_last, 8>>
func.func @to_channels_last(%x: tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32, #cnn.layout<channels_last, 8>> {
  %0 = cnn.relayout %x : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32, #cnn.layout<channels_last, 8>>
  return %0 : tensor<2x3x4x4xf32, #cnn.layout<channels_last, 8>>
}

// CHECK-LABEL: @copy
// CHECK: cnn.relayout %{{.*}} : (tensor<2x10xf32>) -> tensor<2x10xf32>
func.func @copy(%x: tensor<2x10xf32>) -> tensor<2x10xf32> {
  %0 = cnn.relayout %x : (tensor<2x10xf32>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}

// CHECK-LABEL: @to_weight_of_a_given_view
// CHECK: cnn.relayout %{{.*}} : (tensor<4x3x5x5xf32>) -> tensor<4x3x5x5xf32, #cnn.layout<weight, 8, 3, 5, 5>>
func.func @to_weight_of_a_given_view(%x: tensor<4x3x5x5xf32>) -> tensor<4x3x5x5xf32, #cnn.layout<weight, 8, 3, 5, 5>> {
  %0 = cnn.relayout %x : (tensor<4x3x5x5xf32>) -> tensor<4x3x5x5xf32, #cnn.layout<weight, 8, 3, 5, 5>>
  return %0 : tensor<4x3x5x5xf32, #cnn.layout<weight, 8, 3, 5, 5>>
}

// CHECK-LABEL: @to_transposed_weight
// CHECK: cnn.relayout %{{.*}} : (tensor<10x48xf32>) -> tensor<10x48xf32, #cnn.layout<weight_transposed, 8, 3, 4, 4>>
func.func @to_transposed_weight(%x: tensor<10x48xf32>) -> tensor<10x48xf32, #cnn.layout<weight_transposed, 8, 3, 4, 4>> {
  %0 = cnn.relayout %x : (tensor<10x48xf32>) -> tensor<10x48xf32, #cnn.layout<weight_transposed, 8, 3, 4, 4>>
  return %0 : tensor<10x48xf32, #cnn.layout<weight_transposed, 8, 3, 4, 4>>
}

// CHECK-LABEL: @to_vector
// CHECK: cnn.relayout %{{.*}} : (tensor<10xf32>) -> tensor<10xf32, #cnn.layout<vector, 16>>
func.func @to_vector(%x: tensor<10xf32>) -> tensor<10xf32, #cnn.layout<vector, 16>> {
  %0 = cnn.relayout %x : (tensor<10xf32>) -> tensor<10xf32, #cnn.layout<vector, 16>>
  return %0 : tensor<10xf32, #cnn.layout<vector, 16>>
}

// The memory plan may want a copy.
// FOLD-LABEL: @copy_stays
// FOLD: cnn.relayout
func.func @copy_stays(%x: tensor<2x10xf32>) -> tensor<2x10xf32> {
  %0 = cnn.relayout %x : (tensor<2x10xf32>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}
