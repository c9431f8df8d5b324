// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @coefficient
// CHECK: cnn.scale %{{.*}}, %{{.*}} : (tensor<2x3x4x4xf32>, tensor<3xf32>) -> tensor<2x3x4x4xf32>
func.func @coefficient(%x: tensor<2x3x4x4xf32>, %c: tensor<3xf32>) -> tensor<2x3x4x4xf32> {
  %0 = cnn.scale %x, %c : (tensor<2x3x4x4xf32>, tensor<3xf32>) -> tensor<2x3x4x4xf32>
  return %0 : tensor<2x3x4x4xf32>
}

// CHECK-LABEL: @bias
// CHECK: cnn.scale %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
func.func @bias(%x: tensor<2x3xf32>, %c: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = cnn.scale %x, %c, %b : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: @coefficient_gradient
// CHECK: cnn.scale_coefficient_gradient %{{.*}}, %{{.*}} : (tensor<2x3x4x4xf32>, tensor<2x3x4x4xf32>) -> tensor<3xf32>
func.func @coefficient_gradient(%x: tensor<2x3x4x4xf32>, %dy: tensor<2x3x4x4xf32>) -> tensor<3xf32> {
  %0 = cnn.scale_coefficient_gradient %x, %dy : (tensor<2x3x4x4xf32>, tensor<2x3x4x4xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
