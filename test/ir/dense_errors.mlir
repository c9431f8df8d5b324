// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x3x4x4xf32>, %w: tensor<10x40xf32>) {
  // expected-error @+1 {{'cnn.dense' op input 2x3x4x4 has 48 numbers per image, but weight 10x40 reads 40}}
  %0 = cnn.dense %x, %w : (tensor<2x3x4x4xf32>, tensor<10x40xf32>) -> tensor<2x10xf32>
  return
}

// -----

func.func @f(%x: tensor<2x48xf32>, %w: tensor<10x48xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.dense' op bias is 4, but there are 10 channels}}
  %0 = cnn.dense %x, %w, %b : (tensor<2x48xf32>, tensor<10x48xf32>, tensor<4xf32>) -> tensor<2x10xf32>
  return
}

// -----

func.func @f(%x: tensor<2x48xf32>, %w: tensor<10x48xf32>) {
  // expected-error @+1 {{'cnn.dense' op result is 2x11, but its operands give 2x10}}
  %0 = cnn.dense %x, %w : (tensor<2x48xf32>, tensor<10x48xf32>) -> tensor<2x11xf32>
  return
}

// -----

func.func @f(%dy: tensor<2x10xf32>, %w: tensor<10x48xf32>) {
  // expected-error @+1 {{'cnn.dense_input_gradient' op dx 2x40 has 40 numbers per image, but weight 10x48 reads 48}}
  %0 = cnn.dense_input_gradient %dy, %w : (tensor<2x10xf32>, tensor<10x48xf32>) -> tensor<2x40xf32>
  return
}

// -----

func.func @f(%dy: tensor<2x9xf32>, %w: tensor<10x48xf32>) {
  // expected-error @+1 {{'cnn.dense_input_gradient' op dy is 2x9, but the layer's result is 2x10}}
  %0 = cnn.dense_input_gradient %dy, %w : (tensor<2x9xf32>, tensor<10x48xf32>) -> tensor<2x48xf32>
  return
}

// -----

func.func @f(%x: tensor<2x48xf32>, %dy: tensor<3x10xf32>) {
  // expected-error @+1 {{'cnn.dense_weight_gradient' op x 2x48 and dy 3x10 are of different batches}}
  %0 = cnn.dense_weight_gradient %x, %dy : (tensor<2x48xf32>, tensor<3x10xf32>) -> tensor<10x48xf32>
  return
}
