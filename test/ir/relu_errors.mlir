// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x10xf32>) {
  // expected-error @+1 {{'cnn.relu' op result is 2x9, but its operands give 2x10}}
  %0 = cnn.relu %x : (tensor<2x10xf32>) -> tensor<2x9xf32>
  return
}

// -----

func.func @f(%x: tensor<2x10xf32>) {
  // expected-error @+1 {{'cnn.relu' op slope must be at least 0 and below 1}}
  %0 = cnn.relu %x {slope = 1.0 : f32} : (tensor<2x10xf32>) -> tensor<2x10xf32>
  return
}

// -----

func.func @f(%x: tensor<2x10xf32>) {
  // expected-error @+1 {{'cnn.relu' op max must be positive}}
  %0 = cnn.relu %x {max = 0.0 : f32} : (tensor<2x10xf32>) -> tensor<2x10xf32>
  return
}

// -----

func.func @f(%x: tensor<10xf32>) {
  // expected-error @+1 {{'cnn.relu' op operand #0 must be [N,K] or [N,C,H,W] tensor of 32-bit float values, but got 'tensor<10xf32>'}}
  %0 = cnn.relu %x : (tensor<10xf32>) -> tensor<10xf32>
  return
}

// -----

func.func @f(%y: tensor<2x10xf32>, %dy: tensor<2x9xf32>) {
  // expected-error @+1 {{'cnn.relu_gradient' op dy is 2x9, but y is 2x10}}
  %0 = cnn.relu_gradient %y, %dy : (tensor<2x10xf32>, tensor<2x9xf32>) -> tensor<2x10xf32>
  return
}
