// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%w: tensor<4x3xf32>, %g: tensor<4x2xf32>, %v: tensor<4x3xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{'cnn.sgd_update' op gradient is 4x2, but weight is 4x3}}
  %0:2 = cnn.sgd_update %w, %g, %v, %s : (tensor<4x3xf32>, tensor<4x2xf32>, tensor<4x3xf32>, tensor<8xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>)
  return
}

// -----

func.func @f(%w: tensor<4x3xf32>, %g: tensor<4x3xf32>, %v: tensor<4x2xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{'cnn.sgd_update' op momentum is 4x2, but weight is 4x3}}
  %0:2 = cnn.sgd_update %w, %g, %v, %s : (tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x2xf32>, tensor<8xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>)
  return
}
