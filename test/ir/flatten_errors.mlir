// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x3x4x4xf32>) {
  // expected-error @+1 {{'cnn.flatten' op result is 2x47, but its operands give 2x48}}
  %0 = cnn.flatten %x : (tensor<2x3x4x4xf32>) -> tensor<2x47xf32>
  return
}

// -----

func.func @f(%x: tensor<2x40xf32>) {
  // expected-error @+1 {{'cnn.unflatten' op x is 2x40, but the flattened result is 2x48}}
  %0 = cnn.unflatten %x : (tensor<2x40xf32>) -> tensor<2x3x4x4xf32>
  return
}
