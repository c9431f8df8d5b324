// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%w: tensor<4x3x2x2xf32>) {
  // expected-error @+1 {{'cnn.transpose_weight' op result is 3x4x2x2, but its operands give 4x3x2x2}}
  %0 = cnn.transpose_weight %w : (tensor<4x3x2x2xf32>) -> tensor<3x4x2x2xf32>
  return
}

// -----

func.func @f(%w: tensor<4x3xf32>) {
  // expected-error @+1 {{'cnn.transpose_weight' op operand #0 must be [O,I,KH,KW] tensor of 32-bit float values, but got 'tensor<4x3xf32>'}}
  %0 = cnn.transpose_weight %w : (tensor<4x3xf32>) -> tensor<4x3xf32>
  return
}
