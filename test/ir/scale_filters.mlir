// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @convolution
// CHECK: cnn.scale_filters %{{.*}}, %{{.*}} : (tensor<4x3x5x5xf32>, tensor<4xf32>) -> tensor<4x3x5x5xf32>
func.func @convolution(%w: tensor<4x3x5x5xf32>, %c: tensor<4xf32>) -> tensor<4x3x5x5xf32> {
  %0 = cnn.scale_filters %w, %c : (tensor<4x3x5x5xf32>, tensor<4xf32>) -> tensor<4x3x5x5xf32>
  return %0 : tensor<4x3x5x5xf32>
}

// CHECK-LABEL: @dense
// CHECK: cnn.scale_filters %{{.*}}, %{{.*}} : (tensor<4x48xf32, #cnn.layout<weight, 8, 3, 4, 4>>, tensor<4xf32, #cnn.layout<vector, 8>>) -> tensor<4x48xf32, #cnn.layout<weight, 8, 3, 4, 4>>
func.func @dense(%w: tensor<4x48xf32, #cnn.layout<weight, 8, 3, 4, 4>>, %c: tensor<4xf32, #cnn.layout<vector, 8>>) -> tensor<4x48xf32, #cnn.layout<weight, 8, 3, 4, 4>> {
  %0 = cnn.scale_filters %w, %c : (tensor<4x48xf32, #cnn.layout<weight, 8, 3, 4, 4>>, tensor<4xf32, #cnn.layout<vector, 8>>) -> tensor<4x48xf32, #cnn.layout<weight, 8, 3, 4, 4>>
  return %0 : tensor<4x48xf32, #cnn.layout<weight, 8, 3, 4, 4>>
}

// CHECK-LABEL: @bias
// CHECK: cnn.scale_bias %{{.*}}, %{{.*}} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK: cnn.scale_bias %{{.*}}, %{{.*}}, %{{.*}} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func @bias(%b: tensor<4xf32>, %c: tensor<4xf32>) -> tensor<4xf32> {
  %0 = cnn.scale_bias %b, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = cnn.scale_bias %0, %c, %b : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
