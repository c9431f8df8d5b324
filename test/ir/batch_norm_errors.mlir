// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x3x4x4xf32>, %c: tensor<3xf32>, %d: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.batch_norm' op variance is 4, but there are 3 channels}}
  %0 = cnn.batch_norm %x, %c, %c, %c, %d : (tensor<2x3x4x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<4xf32>) -> tensor<2x3x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %c: tensor<3xf32>) {
  // expected-error @+1 {{'cnn.batch_norm' op epsilon must be positive, or a constant channel would be divided by zero}}
  %0 = cnn.batch_norm %x, %c, %c, %c, %c {epsilon = 0.0 : f32} : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>, %c: tensor<3xf32>) {
  // expected-error @+1 {{'cnn.batch_norm_sums' op dy is 2x4, but x is 2x3}}
  %0, %1 = cnn.batch_norm_sums %x, %y, %c, %c : (tensor<2x3xf32>, tensor<2x4xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %c: tensor<3xf32>, %d: tensor<4xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{'cnn.batch_norm_input_gradient' op dbias is 4, but there are 3 channels}}
  %0 = cnn.batch_norm_input_gradient %x, %x, %c, %c, %c, %c, %d, %s : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<4xf32>, tensor<8xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%c: tensor<3xf32>, %d: tensor<4xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{'cnn.running_statistics' op variance is 4, but mean is 3}}
  %0, %1 = cnn.running_statistics %c, %d, %s {pixels = 4} : (tensor<3xf32>, tensor<4xf32>, tensor<8xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return
}

// -----

func.func @f(%c: tensor<3xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{'cnn.running_statistics' op pixels must be positive, not 0}}
  %0, %1 = cnn.running_statistics %c, %c, %s {pixels = 0} : (tensor<3xf32>, tensor<3xf32>, tensor<8xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return
}

// -----

func.func @f(%c: tensor<3xf32>, %d: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.average_update' op statistic is 4, but the average is 3}}
  %0 = cnn.average_update %c, %d {momentum = 0.1 : f32} : (tensor<3xf32>, tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%c: tensor<3xf32>, %d: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.batch_norm_coefficient' op variance is 4, but there are 3 channels}}
  %0 = cnn.batch_norm_coefficient %c, %d : (tensor<3xf32>, tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%c: tensor<3xf32>, %d: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.batch_norm_offset' op mean is 4, but there are 3 channels}}
  %0 = cnn.batch_norm_offset %c, %d, %c : (tensor<3xf32>, tensor<4xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%c: tensor<3xf32>, %d: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.batch_norm_offset' op coefficient is 4, but there are 3 channels}}
  %0 = cnn.batch_norm_offset %c, %c, %d : (tensor<3xf32>, tensor<3xf32>, tensor<4xf32>) -> tensor<3xf32>
  return
}
