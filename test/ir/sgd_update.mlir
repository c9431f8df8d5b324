// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @defaults
// CHECK: cnn.sgd_update %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<8xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>)
func.func @defaults(%w: tensor<4x3xf32>, %g: tensor<4x3xf32>, %v: tensor<4x3xf32>, %s: tensor<8xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %0:2 = cnn.sgd_update %w, %g, %v, %s : (tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<8xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>)
  return %0#0, %0#1 : tensor<4x3xf32>, tensor<4x3xf32>
}

// CHECK-LABEL: @multipliers
// CHECK: cnn.sgd_update %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {decay_mult = 0.000000e+00 : f32, lr_mult = 2.000000e+00 : f32} : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<8xf32>) -> (tensor<3xf32>, tensor<3xf32>)
func.func @multipliers(%w: tensor<3xf32>, %g: tensor<3xf32>, %v: tensor<3xf32>, %s: tensor<8xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0:2 = cnn.sgd_update %w, %g, %v, %s {decay_mult = 0.000000e+00 : f32, lr_mult = 2.000000e+00 : f32} : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<8xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %0#0, %0#1 : tensor<3xf32>, tensor<3xf32>
}
