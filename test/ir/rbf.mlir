// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @distances
// CHECK: cnn.rbf %{{.*}}, %{{.*}} : (tensor<2x84xf32>, tensor<10x84xf32>) -> tensor<2x10xf32>
func.func @distances(%x: tensor<2x84xf32>, %c: tensor<10x84xf32>) -> tensor<2x10xf32> {
  %0 = cnn.rbf %x, %c : (tensor<2x84xf32>, tensor<10x84xf32>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}

// CHECK-LABEL: @input_gradient
// CHECK: cnn.rbf_input_gradient %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x84xf32>, tensor<10x84xf32>, tensor<2x10xf32>) -> tensor<2x84xf32>
func.func @input_gradient(%x: tensor<2x84xf32>, %c: tensor<10x84xf32>, %dy: tensor<2x10xf32>) -> tensor<2x84xf32> {
  %0 = cnn.rbf_input_gradient %x, %c, %dy : (tensor<2x84xf32>, tensor<10x84xf32>, tensor<2x10xf32>) -> tensor<2x84xf32>
  return %0 : tensor<2x84xf32>
}
