// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @images
// CHECK: cnn.add %{{.*}}, %{{.*}} : (tensor<2x3x4x4xf32>, tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
func.func @images(%a: tensor<2x3x4x4xf32>, %b: tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32> {
  %0 = cnn.add %a, %b : (tensor<2x3x4x4xf32>, tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  return %0 : tensor<2x3x4x4xf32>
}

// CHECK-LABEL: @vectors
// CHECK: cnn.add %{{.*}}, %{{.*}} : (tensor<3xf32, #cnn.layout<vector, 8>>, tensor<3xf32, #cnn.layout<vector, 8>>) -> tensor<3xf32, #cnn.layout<vector, 8>>
func.func @vectors(%a: tensor<3xf32, #cnn.layout<vector, 8>>, %b: tensor<3xf32, #cnn.layout<vector, 8>>) -> tensor<3xf32, #cnn.layout<vector, 8>> {
  %0 = cnn.add %a, %b : (tensor<3xf32, #cnn.layout<vector, 8>>, tensor<3xf32, #cnn.layout<vector, 8>>) -> tensor<3xf32, #cnn.layout<vector, 8>>
  return %0 : tensor<3xf32, #cnn.layout<vector, 8>>
}
