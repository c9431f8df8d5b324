// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%y: tensor<2x10x2x2xf32>, %l: tensor<2xi32>) {
  // expected-error @+1 {{'cnn.softmax_cross_entropy' op needs one number per class, [N,K] or [N,K,1,1], not 2x10x2x2}}
  %0 = cnn.softmax_cross_entropy %y, %l : (tensor<2x10x2x2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%y: tensor<2x10xf32>, %l: tensor<3xi32>) {
  // expected-error @+1 {{'cnn.softmax_cross_entropy' op has 3 labels for the 2 images of 2x10}}
  %0 = cnn.softmax_cross_entropy %y, %l : (tensor<2x10xf32>, tensor<3xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%y: tensor<2x10xf32>, %l: tensor<2xf32>) {
  // expected-error @+1 {{'cnn.softmax_cross_entropy' op operand #1 must be [N] tensor of 32-bit signless integer values, but got 'tensor<2xf32>'}}
  %0 = cnn.softmax_cross_entropy %y, %l : (tensor<2x10xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%y: tensor<2x10xf32>, %l: tensor<2xi32>, %s: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.softmax_cross_entropy_gradient' op operand #2 must be [8] tensor of 32-bit float values, but got 'tensor<4xf32>'}}
  %0 = cnn.softmax_cross_entropy_gradient %y, %l, %s : (tensor<2x10xf32>, tensor<2xi32>, tensor<4xf32>) -> tensor<2x10xf32>
  return
}

// -----

func.func @f(%y: tensor<2x10xf32>, %l: tensor<3xi32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{'cnn.softmax_cross_entropy_gradient' op has 3 labels for the 2 images of 2x10}}
  %0 = cnn.softmax_cross_entropy_gradient %y, %l, %s : (tensor<2x10xf32>, tensor<3xi32>, tensor<8xf32>) -> tensor<2x10xf32>
  return
}
