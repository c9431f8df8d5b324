// RUN: fovea-opt %s --cnn-choose-schedule=target=x86-64-v4 | FileCheck %s
// RUN: not fovea-opt %s --cnn-choose-schedule=target=pdp11 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: {{.*}}pdp11

// CHECK-LABEL: func.func @chosen
// CHECK: cnn.kernel "c: conv2d" {{.*}} {schedule = {{{[a-z_]+ = [0-9]+ : i64.*}}}}
func.func @chosen(%x: tensor<1x16x6x6xf32, #cnn.layout<channels_last, 16>>, %w: tensor<16x16x3x3xf32, #cnn.layout<weight, 16>>)
    -> tensor<1x16x4x4xf32, #cnn.layout<channels_last, 16>> {
  %0 = cnn.kernel "c: conv2d" (%a = %x, %b = %w) : (tensor<1x16x6x6xf32, #cnn.layout<channels_last, 16>>, tensor<16x16x3x3xf32, #cnn.layout<weight, 16>>) -> tensor<1x16x4x4xf32, #cnn.layout<channels_last, 16>> {
    %1 = cnn.conv2d %a, %b : (tensor<1x16x6x6xf32, #cnn.layout<channels_last, 16>>, tensor<16x16x3x3xf32, #cnn.layout<weight, 16>>) -> tensor<1x16x4x4xf32, #cnn.layout<channels_last, 16>>
    cnn.yield %1 : tensor<1x16x4x4xf32, #cnn.layout<channels_last, 16>>
  }
  return %0 : tensor<1x16x4x4xf32, #cnn.layout<channels_last, 16>>
}

// A schedule that was written by hand stays.
// CHECK-LABEL: func.func @given
// CHECK: cnn.kernel "r: relu" {{.*}} {schedule = {mine = 7 : i64}}
func.func @given(%x: tensor<1x16xf32, #cnn.layout<channels_last, 16>>) -> tensor<1x16xf32, #cnn.layout<channels_last, 16>> {
  %0 = cnn.kernel "r: relu" (%a = %x) {schedule = {mine = 7 : i64}} : (tensor<1x16xf32, #cnn.layout<channels_last, 16>>) -> tensor<1x16xf32, #cnn.layout<channels_last, 16>> {
    %1 = cnn.relu %a : (tensor<1x16xf32, #cnn.layout<channels_last, 16>>) -> tensor<1x16xf32, #cnn.layout<channels_last, 16>>
    cnn.yield %1 : tensor<1x16xf32, #cnn.layout<channels_last, 16>>
  }
  return %0 : tensor<1x16xf32, #cnn.layout<channels_last, 16>>
}
