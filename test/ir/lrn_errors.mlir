// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x10x4x4xf32>) {
  // expected-error @+1 {{'cnn.lrn' op result is 2x9x4x4, but its operands give 2x10x4x4}}
  %0 = cnn.lrn %x {size = 5, alpha = 1.0 : f32, beta = 0.75 : f32} : (tensor<2x10x4x4xf32>) -> tensor<2x9x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x10xf32>) {
  // expected-error @+1 {{'cnn.lrn' op operand #0 must be [N,C,H,W] tensor of 32-bit float values, but got 'tensor<2x10xf32>'}}
  %0 = cnn.lrn %x {size = 5, alpha = 1.0 : f32, beta = 0.75 : f32} : (tensor<2x10xf32>) -> tensor<2x10xf32>
  return
}

// -----

func.func @f(%x: tensor<2x10x4x4xf32>) {
  // expected-error @+1 {{'cnn.lrn' op size must be positive, not 0}}
  %0 = cnn.lrn %x {size = 0, alpha = 1.0 : f32, beta = 0.75 : f32} : (tensor<2x10x4x4xf32>) -> tensor<2x10x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x10x4x4xf32>) {
  // expected-error @+1 {{'cnn.lrn' op k must be positive and alpha not negative, or the root of a negative number would be taken}}
  %0 = cnn.lrn %x {size = 5, alpha = 1.0 : f32, beta = 0.75 : f32, k = 0.0 : f32} : (tensor<2x10x4x4xf32>) -> tensor<2x10x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x10x4x4xf32>) {
  // expected-error @+1 {{attribute 'region' failed to satisfy constraint: one of across, within}}
  %0 = cnn.lrn %x {size = 5, alpha = 1.0 : f32, beta = 0.75 : f32, region = "around"} : (tensor<2x10x4x4xf32>) -> tensor<2x10x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x10x4x4xf32>, %dy: tensor<2x9x4x4xf32>) {
  // expected-error @+1 {{'cnn.lrn_gradient' op dy is 2x9x4x4, but x is 2x10x4x4}}
  %0 = cnn.lrn_gradient %x, %dy {size = 5, alpha = 1.0 : f32, beta = 0.75 : f32} : (tensor<2x10x4x4xf32>, tensor<2x9x4x4xf32>) -> tensor<2x10x4x4xf32>
  return
}
