// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s
// RUN: fovea-opt %s -canonicalize | FileCheck-19 %s --check-prefix=FOLD

// CHECK-LABEL: @images
// CHECK: cnn.channel_shuffle %{{.*}} {groups = 3 : i64} : (tensor<2x12x4x5xf32>) -> tensor<2x12x4x5xf32>
// FOLD-LABEL: @images
// FOLD: cnn.channel_shuffle
func.func @images(%x: tensor<2x12x4x5xf32>) -> tensor<2x12x4x5xf32> {
  %0 = cnn.channel_shuffle %x {groups = 3 : i64} : (tensor<2x12x4x5xf32>) -> tensor<2x12x4x5xf32>
  return %0 : tensor<2x12x4x5xf32>
}

// CHECK-LABEL: @rows
// CHECK: cnn.channel_shuffle %{{.*}} {groups = 2 : i64} : (tensor<2x10xf32>) -> tensor<2x10xf32>
func.func @rows(%x: tensor<2x10xf32>) -> tensor<2x10xf32> {
  %0 = cnn.channel_shuffle %x {groups = 2 : i64} : (tensor<2x10xf32>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}

// CHECK-LABEL: @layouts
// CHECK: cnn.channel_shuffle %{{.*}} {groups = 5 : i64} : (tensor<2x10x3x3xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10x3x3xf32, #cnn.layout<channels_last, 16>>
func.func @layouts(%x: tensor<2x10x3x3xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10x3x3xf32, #cnn.layout<channels_last, 16>> {
  %0 = cnn.channel_shuffle %x {groups = 5 : i64} : (tensor<2x10x3x3xf32, #cnn.layout<channels_last, 16>>) -> tensor<2x10x3x3xf32, #cnn.layout<channels_last, 16>>
  return %0 : tensor<2x10x3x3xf32, #cnn.layout<channels_last, 16>>
}

// FOLD-LABEL: @one_group_and_groups_of_one_stay
// FOLD-SAME: (%[[X:.*]]: tensor<2x6xf32>)
// FOLD-NEXT: return %[[X]]
func.func @one_group_and_groups_of_one_stay(%x: tensor<2x6xf32>) -> tensor<2x6xf32> {
  %0 = cnn.channel_shuffle %x {groups = 1 : i64} : (tensor<2x6xf32>) -> tensor<2x6xf32>
  %1 = cnn.channel_shuffle %0 {groups = 6 : i64} : (tensor<2x6xf32>) -> tensor<2x6xf32>
  return %1 : tensor<2x6xf32>
}
