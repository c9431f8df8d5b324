// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%w: tensor<8x4x3x5xf32>) {
  // expected-error @+1 {{'cnn.winograd_weight' op needs square kernels, not those of weight 8x4x3x5}}
  %0 = cnn.winograd_weight %w {tile = 4} : (tensor<8x4x3x5xf32>) -> tensor<8x4x6x8xf32>
  return
}

// -----

func.func @f(%w: tensor<8x4x3x3xf32>) {
  // expected-error @+1 {{'cnn.winograd_weight' op tiles of 7 make transforms of 9, but they can be 1 to 8 wide}}
  %0 = cnn.winograd_weight %w {tile = 7} : (tensor<8x4x3x3xf32>) -> tensor<8x4x9x9xf32>
  return
}

// -----

func.func @f(%w: tensor<8x4x3x3xf32>) {
  // expected-error @+1 {{'cnn.winograd_weight' op result is 8x4x5x5, but its operands give 8x4x6x6}}
  %0 = cnn.winograd_weight %w {tile = 4} : (tensor<8x4x3x3xf32>) -> tensor<8x4x5x5xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x9x9xf32>, %u: tensor<8x4x3x3xf32>) {
  // expected-error @+1 {{'cnn.winograd_conv2d' op u 8x4x3x3 does not hold transformed kernels for tiles of 4}}
  %0 = cnn.winograd_conv2d %x, %u {tile = 4} : (tensor<2x4x9x9xf32>, tensor<8x4x3x3xf32>) -> tensor<2x8x9x9xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x9x9xf32>, %u: tensor<8x4x9x9xf32>) {
  // expected-error @+1 {{'cnn.winograd_conv2d' op tiles of 4 make transforms of 9, but they can be 1 to 8 wide}}
  %0 = cnn.winograd_conv2d %x, %u {tile = 4} : (tensor<2x4x9x9xf32>, tensor<8x4x9x9xf32>) -> tensor<2x8x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x9x9xf32>, %u: tensor<8x4x6x6xf32>) {
  // expected-error @+1 {{'cnn.winograd_conv2d' op the 8 filters of u 8x4x6x6 do not divide into 3 groups}}
  %0 = cnn.winograd_conv2d %x, %u {groups = 3, tile = 4} : (tensor<2x4x9x9xf32>, tensor<8x4x6x6xf32>) -> tensor<2x8x7x7xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x9x9xf32>, %u: tensor<8x4x6x6xf32>) {
  // expected-error @+1 {{'cnn.winograd_conv2d' op input 2x4x9x9 has 4 channels, but u 8x4x6x6 reads 8}}
  %0 = cnn.winograd_conv2d %x, %u {groups = 2, tile = 4} : (tensor<2x4x9x9xf32>, tensor<8x4x6x6xf32>) -> tensor<2x8x7x7xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x9x9xf32>, %u: tensor<8x4x6x6xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.winograd_conv2d' op bias is 4, but there are 8 channels}}
  %0 = cnn.winograd_conv2d %x, %u, %b {tile = 4} : (tensor<2x4x9x9xf32>, tensor<8x4x6x6xf32>, tensor<4xf32>) -> tensor<2x8x7x7xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x9x9xf32>, %dy: tensor<2x8x9x9xf32>) {
  // expected-error @+1 {{'cnn.winograd_weight_gradient' op needs square kernels, not those of weight 8x4x3x5}}
  %0 = cnn.winograd_weight_gradient %x, %dy {tile = 4} : (tensor<2x4x9x9xf32>, tensor<2x8x9x9xf32>) -> tensor<8x4x3x5xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x9x9xf32>, %dy: tensor<2x8x7x7xf32>) {
  // expected-error @+1 {{'cnn.winograd_weight_gradient' op tiles of 8 make transforms of 10, but they can be 1 to 8 wide}}
  %0 = cnn.winograd_weight_gradient %x, %dy {tile = 8} : (tensor<2x4x9x9xf32>, tensor<2x8x7x7xf32>) -> tensor<8x4x3x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x9x9xf32>, %dy: tensor<2x8x7x7xf32>) {
  // expected-error @+1 {{'cnn.winograd_weight_gradient' op weight 8x4x3x3 in 2 groups does not read input 2x4x9x9}}
  %0 = cnn.winograd_weight_gradient %x, %dy {groups = 2, tile = 4} : (tensor<2x4x9x9xf32>, tensor<2x8x7x7xf32>) -> tensor<8x4x3x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x9x9xf32>, %dy: tensor<2x8x9x9xf32>) {
  // expected-error @+1 {{'cnn.winograd_weight_gradient' op dy is 2x8x9x9, but the convolution's result is 2x8x7x7}}
  %0 = cnn.winograd_weight_gradient %x, %dy {tile = 4} : (tensor<2x4x9x9xf32>, tensor<2x8x9x9xf32>) -> tensor<8x4x3x3xf32>
  return
}

// -----

func.func @f(%dy: tensor<2x8x9x9xf32>, %u: tensor<8x4x3x3xf32>) {
  // expected-error @+1 {{'cnn.winograd_input_gradient' op u 8x4x3x3 does not hold transformed kernels for tiles of 4}}
  %0 = cnn.winograd_input_gradient %dy, %u {tile = 4} : (tensor<2x8x9x9xf32>, tensor<8x4x3x3xf32>) -> tensor<2x4x9x9xf32>
  return
}

// -----

func.func @f(%dy: tensor<2x8x9x9xf32>, %u: tensor<8x4x9x9xf32>) {
  // expected-error @+1 {{'cnn.winograd_input_gradient' op tiles of 4 make transforms of 9, but they can be 1 to 8 wide}}
  %0 = cnn.winograd_input_gradient %dy, %u {tile = 4} : (tensor<2x8x9x9xf32>, tensor<8x4x9x9xf32>) -> tensor<2x4x14x14xf32>
  return
}

// -----

func.func @f(%dy: tensor<2x8x7x7xf32>, %u: tensor<8x4x6x6xf32>) {
  // expected-error @+1 {{'cnn.winograd_input_gradient' op u 8x4x6x6 in 2 groups does not read input 2x4x9x9}}
  %0 = cnn.winograd_input_gradient %dy, %u {groups = 2, tile = 4} : (tensor<2x8x7x7xf32>, tensor<8x4x6x6xf32>) -> tensor<2x4x9x9xf32>
  return
}

// -----

func.func @f(%dy: tensor<2x8x9x9xf32>, %u: tensor<8x4x6x6xf32>) {
  // expected-error @+1 {{'cnn.winograd_input_gradient' op dy is 2x8x9x9, but the convolution's result is 2x8x7x7}}
  %0 = cnn.winograd_input_gradient %dy, %u {tile = 4} : (tensor<2x8x9x9xf32>, tensor<8x4x6x6xf32>) -> tensor<2x4x9x9xf32>
  return
}
