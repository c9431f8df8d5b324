// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x10xf32>) {
  // expected-error @+1 {{'cnn.dropout' op result is 2x9, but its operands give 2x10}}
  %0 = cnn.dropout %x {p = 0.5 : f32} : (tensor<2x10xf32>) -> tensor<2x9xf32>
  return
}

// -----

func.func @f(%x: tensor<2x10xf32>) {
  // expected-error @+1 {{'cnn.dropout' op p must be a probability below 1, or nothing would be kept}}
  %0 = cnn.dropout %x {p = 1.0 : f32} : (tensor<2x10xf32>) -> tensor<2x10xf32>
  return
}

// -----

func.func @f(%x: tensor<2x10xf32>, %s: tensor<7xf32>) {
  // expected-error @+1 {{'cnn.dropout' op operand #1 must be [8] tensor of 32-bit float values, but got 'tensor<7xf32>'}}
  %0 = cnn.dropout %x, %s {p = 0.5 : f32} : (tensor<2x10xf32>, tensor<7xf32>) -> tensor<2x10xf32>
  return
}
