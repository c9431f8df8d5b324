// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @twice(%x: tensor<2x10xbf16>) {
  // expected-error @+1 {{'cnn.narrow' op x is of bf16 already}}
  %0 = cnn.narrow %x : (tensor<2x10xbf16>) -> tensor<2x10xbf16>
  return
}

// -----

func.func @wide_weight(%x: tensor<2x4x8x8xbf16>, %w: tensor<8x4x3x3xf32>) {
  // expected-error @+1 {{'cnn.conv2d' op x and w are of different precision; cnn.narrow rounds both}}
  %0 = cnn.conv2d %x, %w : (tensor<2x4x8x8xbf16>, tensor<8x4x3x3xf32>) -> tensor<2x8x6x6xf32>
  return
}

// -----

func.func @wide_image(%x: tensor<2x10xf32>, %w: tensor<8x10xbf16>) {
  // expected-error @+1 {{'cnn.dense' op x and w are of different precision; cnn.narrow rounds both}}
  %0 = cnn.dense %x, %w : (tensor<2x10xf32>, tensor<8x10xbf16>) -> tensor<2x8xf32>
  return
}
