// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x80xf32>, %c: tensor<10x84xf32>) {
  // expected-error @+1 {{'cnn.rbf' op input 2x80 has 80 numbers per image, but centers 10x84 have 84}}
  %0 = cnn.rbf %x, %c : (tensor<2x80xf32>, tensor<10x84xf32>) -> tensor<2x10xf32>
  return
}

// -----

func.func @f(%x: tensor<2x80xf32>, %c: tensor<10x84xf32>, %dy: tensor<2x10xf32>) {
  // expected-error @+1 {{'cnn.rbf_input_gradient' op input 2x80 has 80 numbers per image, but centers 10x84 have 84}}
  %0 = cnn.rbf_input_gradient %x, %c, %dy : (tensor<2x80xf32>, tensor<10x84xf32>, tensor<2x10xf32>) -> tensor<2x80xf32>
  return
}

// -----

func.func @f(%x: tensor<2x84xf32>, %c: tensor<10x84xf32>, %dy: tensor<2x9xf32>) {
  // expected-error @+1 {{'cnn.rbf_input_gradient' op dy is 2x9, but the layer's result is 2x10}}
  %0 = cnn.rbf_input_gradient %x, %c, %dy : (tensor<2x84xf32>, tensor<10x84xf32>, tensor<2x9xf32>) -> tensor<2x84xf32>
  return
}
