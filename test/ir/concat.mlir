// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s
// RUN: fovea-opt %s -canonicalize | FileCheck-19 %s --check-prefix=FOLD

// CHECK-LABEL: @images
// CHECK: cnn.concat %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3x4x4xf32>, tensor<2x1x4x4xf32>, tensor<2x3x4x4xf32>) -> tensor<2x7x4x4xf32>
func.func @images(%a: tensor<2x3x4x4xf32>, %b: tensor<2x1x4x4xf32>, %c: tensor<2x3x4x4xf32>) -> tensor<2x7x4x4xf32> {
  %0 = cnn.concat %a, %b, %c : (tensor<2x3x4x4xf32>, tensor<2x1x4x4xf32>, tensor<2x3x4x4xf32>) -> tensor<2x7x4x4xf32>
  return %0 : tensor<2x7x4x4xf32>
}

// CHECK-LABEL: @rows
// CHECK: cnn.concat %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
func.func @rows(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) -> tensor<2x7xf32> {
  %0 = cnn.concat %a, %b : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
  return %0 : tensor<2x7xf32>
}

// CHECK-LABEL: @slice
// CHECK: cnn.slice %{{.*}} {offset = 1 : i64, size = 2 : i64} : (tensor<2x3x4x4xf32>) -> tensor<2x2x4x4xf32>
func.func @slice(%x: tensor<2x3x4x4xf32>) -> tensor<2x2x4x4xf32> {
  %0 = cnn.slice %x {offset = 1 : i64, size = 2 : i64} : (tensor<2x3x4x4xf32>) -> tensor<2x2x4x4xf32>
  return %0 : tensor<2x2x4x4xf32>
}

// FOLD-LABEL: @concat_of_one_and_slice_of_all_are_their_operand
// FOLD-SAME: (%[[X:.*]]: tensor<2x3xf32>)
// FOLD-NEXT: return %[[X]]
func.func @concat_of_one_and_slice_of_all_are_their_operand(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = cnn.concat %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = cnn.slice %0 {offset = 0 : i64, size = 3 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}
