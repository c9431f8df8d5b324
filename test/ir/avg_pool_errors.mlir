// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x3x8x8xf32>) {
  // expected-error @+1 {{'cnn.avg_pool' op attribute 'divisor' failed to satisfy constraint: one of padded, valid, one}}
  %0 = cnn.avg_pool %x {divisor = "half", kernel = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x7x7xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>) {
  // expected-error @+1 {{'cnn.avg_pool' op pad [0, 2, 0, 0] must be smaller than the kernel [2, 2], or a window would hold nothing but padding}}
  %0 = cnn.avg_pool %x {kernel = array<i64: 2, 2>, pad = array<i64: 0, 2, 0, 0>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x7x9xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x8x8xf32>) {
  // expected-error @+1 {{'cnn.avg_pool' op result is 2x3x8x8, but its operands give 2x3x7x7}}
  %0 = cnn.avg_pool %x {kernel = array<i64: 2, 2>} : (tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  return
}

// -----

func.func @f(%dy: tensor<2x3x4x4xf32>) {
  // expected-error @+1 {{'cnn.avg_pool_gradient' op dy is 2x3x4x4, but the pooling's result is 2x3x7x7}}
  %0 = cnn.avg_pool_gradient %dy {kernel = array<i64: 2, 2>} : (tensor<2x3x4x4xf32>) -> tensor<2x3x8x8xf32>
  return
}
