// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x3x8x8xf32>, %w: tensor<4x2x5x5xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op input 2x3x8x8 has 3 channels, but weight 4x2x5x5 reads 2}}
  %0 = cnn.conv2d %x, %w : (tensor<2x3x8x8xf32>, tensor<4x2x5x5xf32>) -> tensor<2x4x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x5x5xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op bias is 3, but there are 4 channels}}
  %0 = cnn.conv2d %x, %w, %b : (tensor<2x3x8x8xf32>, tensor<4x3x5x5xf32>, tensor<3xf32>) -> tensor<2x4x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x5x5xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op result is 2x4x5x4, but its operands give 2x4x4x4}}
  %0 = cnn.conv2d %x, %w : (tensor<2x3x8x8xf32>, tensor<4x3x5x5xf32>) -> tensor<2x4x5x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x5x5xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op stride must be two positive numbers, down and across, not [0, 1]}}
  %0 = cnn.conv2d %x, %w {stride = array<i64: 0, 1>} : (tensor<2x3x8x8xf32>, tensor<4x3x5x5xf32>) -> tensor<2x4x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x5x5xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op pad must be four numbers from 0 up, top, left, bottom and right, not [1, 1]}}
  %0 = cnn.conv2d %x, %w {pad = array<i64: 1, 1>} : (tensor<2x3x8x8xf32>, tensor<4x3x5x5xf32>) -> tensor<2x4x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x5x5xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op pad must be four numbers from 0 up, top, left, bottom and right, not [0, -1, 0, 0]}}
  %0 = cnn.conv2d %x, %w {pad = array<i64: 0, -1, 0, 0>} : (tensor<2x3x8x8xf32>, tensor<4x3x5x5xf32>) -> tensor<2x4x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x3x3xf32>, %w: tensor<4x3x5x5xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op a window of 5x5 does not fit into the input of 3x3 with pad [0, 0, 1, 1]}}
  %0 = cnn.conv2d %x, %w {pad = array<i64: 0, 0, 1, 1>} : (tensor<2x3x3x3xf32>, tensor<4x3x5x5xf32>) -> tensor<2x4x1x1xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %w: tensor<4x3x5x5xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op operand #0 must be [N,C,H,W] tensor of 32-bit float or bfloat16 type values, but got 'tensor<2x3xf32>'}}
  %0 = cnn.conv2d %x, %w : (tensor<2x3xf32>, tensor<4x3x5x5xf32>) -> tensor<2x4x1x1xf32>
  return
}

// -----

func.func @f(%x: tensor<?x3x8x8xf32>, %w: tensor<4x3x5x5xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op operand #0 must be [N,C,H,W] tensor of 32-bit float or bfloat16 type values, but got 'tensor<?x3x8x8xf32>'}}
  %0 = cnn.conv2d %x, %w : (tensor<?x3x8x8xf32>, tensor<4x3x5x5xf32>) -> tensor<2x4x4x4xf32>
  return
}

// -----

func.func @f(%dy: tensor<2x4x8x8xf32>, %wt: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{'cnn.conv2d_input_gradient' op dy is 2x4x8x8, but the convolution's result is 2x4x6x6}}
  %0 = cnn.conv2d_input_gradient %dy, %wt : (tensor<2x4x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<2x3x8x8xf32>
  return
}

// -----

func.func @f(%dy: tensor<2x4x6x6xf32>, %wt: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{'cnn.conv2d_input_gradient' op input 2x2x8x8 has 2 channels, but weight 4x3x3x3 reads 3}}
  %0 = cnn.conv2d_input_gradient %dy, %wt : (tensor<2x4x6x6xf32>, tensor<4x3x3x3xf32>) -> tensor<2x2x8x8xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>, %dy: tensor<2x4x8x8xf32>) {
  // expected-error @+1 {{'cnn.conv2d_weight_gradient' op dy is 2x4x8x8, but the convolution's result is 2x4x6x6}}
  %0 = cnn.conv2d_weight_gradient %x, %dy : (tensor<2x3x8x8xf32>, tensor<2x4x8x8xf32>) -> tensor<4x3x3x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>, %dy: tensor<2x4x6x6xf32>) {
  // expected-error @+1 {{'cnn.conv2d_weight_gradient' op input 2x3x8x8 has 3 channels, but weight 4x2x3x3 reads 2}}
  %0 = cnn.conv2d_weight_gradient %x, %dy : (tensor<2x3x8x8xf32>, tensor<2x4x6x6xf32>) -> tensor<4x2x3x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x8x8xf32>, %w: tensor<5x2x3x3xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op the 5 filters of weight 5x2x3x3 do not divide into 2 groups}}
  %0 = cnn.conv2d %x, %w {groups = 2} : (tensor<2x4x8x8xf32>, tensor<5x2x3x3xf32>) -> tensor<2x5x6x6xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op input 2x4x8x8 has 4 channels, but weight 6x4x3x3 reads 4 in each of 2 groups}}
  %0 = cnn.conv2d %x, %w {groups = 2} : (tensor<2x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<2x6x6x6xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op dilation must be two positive numbers, down and across, not [0, 1]}}
  %0 = cnn.conv2d %x, %w {dilation = array<i64: 0, 1>} : (tensor<2x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<2x6x6x6xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op a window of 9x5 does not fit into the input of 8x8 with pad [0, 0, 0, 0]}}
  %0 = cnn.conv2d %x, %w {dilation = array<i64: 4, 2>} : (tensor<2x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<2x6x1x4xf32>
  return
}
