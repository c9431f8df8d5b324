// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s
// RUN: fovea-opt %s -canonicalize | FileCheck-19 %s --check-prefix=FOLD

// CHECK-LABEL: @image
// CHECK: cnn.flatten %{{.*}} : (tensor<2x3x4x4xf32>) -> tensor<2x48xf32>
func.func @image(%x: tensor<2x3x4x4xf32>) -> tensor<2x48xf32> {
  %0 = cnn.flatten %x : (tensor<2x3x4x4xf32>) -> tensor<2x48xf32>
  return %0 : tensor<2x48xf32>
}

// CHECK-LABEL: @rows
// CHECK: cnn.flatten %{{.*}} : (tensor<2x48xf32>) -> tensor<2x48xf32>
func.func @rows(%x: tensor<2x48xf32>) -> tensor<2x48xf32> {
  %0 = cnn.flatten %x : (tensor<2x48xf32>) -> tensor<2x48xf32>
  return %0 : tensor<2x48xf32>
}

// CHECK-LABEL: @unflatten
// CHECK: cnn.unflatten %{{.*}} : (tensor<2x48xf32>) -> tensor<2x3x4x4xf32>
func.func @unflatten(%x: tensor<2x48xf32>) -> tensor<2x3x4x4xf32> {
  %0 = cnn.unflatten %x : (tensor<2x48xf32>) -> tensor<2x3x4x4xf32>
  return %0 : tensor<2x3x4x4xf32>
}

// FOLD-LABEL: @flatten_of_rows_is_its_operand
// FOLD-SAME: (%[[X:.*]]: tensor<2x48xf32>)
// FOLD-NEXT: return %[[X]]
func.func @flatten_of_rows_is_its_operand(%x: tensor<2x48xf32>) -> tensor<2x48xf32> {
  %0 = cnn.flatten %x : (tensor<2x48xf32>) -> tensor<2x48xf32>
  return %0 : tensor<2x48xf32>
}
