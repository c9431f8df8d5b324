// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x3x8x8xf32>) {
  // expected-error @+1 {{'cnn.max_pool' op kernel must be two positive numbers, height and width, not [2]}}
  %0 = cnn.max_pool %x {kernel = array<i64: 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x7x7xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>) {
  // expected-error @+1 {{'cnn.max_pool' op kernel must be two positive numbers, height and width, not [2, 0]}}
  %0 = cnn.max_pool %x {kernel = array<i64: 2, 0>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x7x7xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>) {
  // expected-error @+1 {{'cnn.max_pool' op stride must be two positive numbers, down and across, not [2, -2]}}
  %0 = cnn.max_pool %x {kernel = array<i64: 2, 2>, stride = array<i64: 2, -2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x7x7xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>) {
  // expected-error @+1 {{'cnn.max_pool' op a window of 9x2 does not fit into the input of 8x8 with pad [0, 0, 0, 0]}}
  %0 = cnn.max_pool %x {kernel = array<i64: 9, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x1x7xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>) {
  // expected-error @+1 {{'cnn.max_pool' op pad [0, 0, 2, 0] must be smaller than the kernel [2, 2], or a window would hold nothing but padding}}
  %0 = cnn.max_pool %x {kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 2, 0>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x9x7xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>) {
  // expected-error @+1 {{'cnn.max_pool' op result is 2x3x8x8, but its operands give 2x3x7x7}}
  %0 = cnn.max_pool %x {kernel = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  return
}

// -----

func.func @f(%x: tensor<1x1x17x17xf32>) {
  // expected-error @+1 {{'cnn.max_pool_indices' op a window of 17x17 has more than the 256 positions an index can tell apart}}
  %0:2 = cnn.max_pool_indices %x {kernel = array<i64: 17, 17>} : (tensor<1x1x17x17xf32>) -> (tensor<1x1x1x1xf32>, tensor<1x1x1x1xi8>)
  return
}

// -----

func.func @f(%i: tensor<2x3x4x4xi8>, %dy: tensor<2x3x4x4xf32>) {
  // expected-error @+1 {{'cnn.max_pool_gradient' op dy is 2x3x4x4, but the pooling's result is 2x3x7x7}}
  %0 = cnn.max_pool_gradient %i, %dy {kernel = array<i64: 2, 2>} : (tensor<2x3x4x4xi8>, tensor<2x3x4x4xf32>) -> tensor<2x3x8x8xf32>
  return
}

// -----

func.func @f(%i: tensor<2x3x4x5xi8>, %dy: tensor<2x3x4x4xf32>) {
  // expected-error @+1 {{'cnn.max_pool_gradient' op indices is 2x3x4x5, but dy is 2x3x4x4}}
  %0 = cnn.max_pool_gradient %i, %dy {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (tensor<2x3x4x5xi8>, tensor<2x3x4x4xf32>) -> tensor<2x3x8x8xf32>
  return
}
