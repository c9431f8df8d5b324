// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x3x4x4xf32>, %c: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.scale' op coefficient is 4, but there are 3 channels}}
  %0 = cnn.scale %x, %c : (tensor<2x3x4x4xf32>, tensor<4xf32>) -> tensor<2x3x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %c: tensor<3xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.scale' op bias is 4, but there are 3 channels}}
  %0 = cnn.scale %x, %c, %b : (tensor<2x3xf32>, tensor<3xf32>, tensor<4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x4x4xf32>, %dy: tensor<2x3x4x5xf32>) {
  // expected-error @+1 {{'cnn.scale_coefficient_gradient' op dy is 2x3x4x5, but x is 2x3x4x4}}
  %0 = cnn.scale_coefficient_gradient %x, %dy : (tensor<2x3x4x4xf32>, tensor<2x3x4x5xf32>) -> tensor<3xf32>
  return
}
