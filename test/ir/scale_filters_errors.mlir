// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%w: tensor<4x3x2x2xf32>, %c: tensor<3xf32>) {
  // expected-error @+1 {{'cnn.scale_filters' op coefficient is 3, but there are 4 channels}}
  %0 = cnn.scale_filters %w, %c : (tensor<4x3x2x2xf32>, tensor<3xf32>) -> tensor<4x3x2x2xf32>
  return
}

// -----

func.func @f(%w: tensor<4x3xf32>, %c: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.scale_filters' op result is 3x4, but its operands give 4x3}}
  %0 = cnn.scale_filters %w, %c : (tensor<4x3xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @f(%b: tensor<4xf32>, %c: tensor<3xf32>) {
  // expected-error @+1 {{'cnn.scale_bias' op coefficient is 3, but there are 4 channels}}
  %0 = cnn.scale_bias %b, %c : (tensor<4xf32>, tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%b: tensor<4xf32>, %c: tensor<3xf32>) {
  // expected-error @+1 {{'cnn.scale_bias' op offset is 3, but there are 4 channels}}
  %0 = cnn.scale_bias %b, %b, %c : (tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> tensor<4xf32>
  return
}
