// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%a: tensor<2x3x4x4xf32>, %b: tensor<2x3x4x5xf32>) {
  // expected-error @+1 {{'cnn.add' op a is 2x3x4x4, but b is 2x3x4x5}}
  %0 = cnn.add %a, %b : (tensor<2x3x4x4xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x4x4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) {
  // expected-error @+1 {{'cnn.add' op result is 2x4, but its operands give 2x3}}
  %0 = cnn.add %a, %b : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}
