// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x12x4x4xf32>) {
  // expected-error @+1 {{'cnn.channel_shuffle' op result is 2x12x4x5, but its operands give 2x12x4x4}}
  %0 = cnn.channel_shuffle %x {groups = 3 : i64} : (tensor<2x12x4x4xf32>) -> tensor<2x12x4x5xf32>
  return
}

// -----

func.func @f(%x: tensor<2x12x4x4xf32>) {
  // expected-error @+1 {{'cnn.channel_shuffle' op the 12 channels of the input 2x12x4x4 do not divide into 5 groups}}
  %0 = cnn.channel_shuffle %x {groups = 5 : i64} : (tensor<2x12x4x4xf32>) -> tensor<2x12x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x12xf32>) {
  // expected-error @+1 {{'cnn.channel_shuffle' op the 12 channels of the input 2x12 do not divide into 0 groups}}
  %0 = cnn.channel_shuffle %x {groups = 0 : i64} : (tensor<2x12xf32>) -> tensor<2x12xf32>
  return
}
