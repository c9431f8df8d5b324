// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%dy: tensor<2x3x8x8xf32>) {
  // expected-error @+1 {{'cnn.bias_gradient' op result is 8, but its operands give 3}}
  %0 = cnn.bias_gradient %dy : (tensor<2x3x8x8xf32>) -> tensor<8xf32>
  return
}
