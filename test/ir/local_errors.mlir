// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x3x4x4xf32>, %w: tensor<4x2x2x5x3x3xf32>) {
  // expected-error @+1 {{'cnn.local' op input 2x3x4x4 has 3 channels, but weight 4x2x2x5x3x3 reads 5}}
  %0 = cnn.local %x, %w : (tensor<2x3x4x4xf32>, tensor<4x2x2x5x3x3xf32>) -> tensor<2x4x2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x4x4xf32>, %w: tensor<4x2x3x3x3x3xf32>) {
  // expected-error @+1 {{'cnn.local' op weight 4x2x3x3x3x3 has filters for 2x3 pixels, but the result has 2x2}}
  %0 = cnn.local %x, %w : (tensor<2x3x4x4xf32>, tensor<4x2x3x3x3x3xf32>) -> tensor<2x4x2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x4x4xf32>, %w: tensor<4x2x2x3x3x3xf32>, %b: tensor<4x2x3xf32>) {
  // expected-error @+1 {{'cnn.local' op bias is 4x2x3, but an image of the result is 4x2x2}}
  %0 = cnn.local %x, %w, %b : (tensor<2x3x4x4xf32>, tensor<4x2x2x3x3x3xf32>, tensor<4x2x3xf32>) -> tensor<2x4x2x2xf32>
  return
}

// -----

func.func @f(%dy: tensor<2x5x2x2xf32>, %w: tensor<4x2x2x3x3x3xf32>) {
  // expected-error @+1 {{'cnn.local_input_gradient' op dy is 2x5x2x2, but the layer's result is 2x4x2x2}}
  %0 = cnn.local_input_gradient %dy, %w : (tensor<2x5x2x2xf32>, tensor<4x2x2x3x3x3xf32>) -> tensor<2x3x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x4x4xf32>, %dy: tensor<1x4x2x2xf32>) {
  // expected-error @+1 {{'cnn.local_weight_gradient' op dy is 1x4x2x2, but the layer's result is 2x4x2x2}}
  %0 = cnn.local_weight_gradient %x, %dy : (tensor<2x3x4x4xf32>, tensor<1x4x2x2xf32>) -> tensor<4x2x2x3x3x3xf32>
  return
}

// -----

func.func @f(%dy: tensor<1x4x2x2xf32>) {
  // expected-error @+1 {{'cnn.local_bias_gradient' op result is 4x2x3, but its operands give 4x2x2}}
  %0 = cnn.local_bias_gradient %dy : (tensor<1x4x2x2xf32>) -> tensor<4x2x3xf32>
  return
}
