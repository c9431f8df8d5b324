// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%a: tensor<2x3x4x4xf32>, %b: tensor<2x3x4x5xf32>) {
  // expected-error @+1 {{'cnn.concat' op operands 2x3x4x4 and 2x3x4x5 differ in more than their channels}}
  %0 = cnn.concat %a, %b : (tensor<2x3x4x4xf32>, tensor<2x3x4x5xf32>) -> tensor<2x6x4x4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3x4x4xf32>, %b: tensor<2x3xf32>) {
  // expected-error @+1 {{'cnn.concat' op operands 2x3x4x4 and 2x3 differ in more than their channels}}
  %0 = cnn.concat %a, %b : (tensor<2x3x4x4xf32>, tensor<2x3xf32>) -> tensor<2x6x4x4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) {
  // expected-error @+1 {{'cnn.concat' op result is 2x6, but its operands give 2x7}}
  %0 = cnn.concat %a, %b : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x6xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{'cnn.concat' op needs at least one operand}}
  %0 = cnn.concat : () -> tensor<2x6xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x4x4xf32>) {
  // expected-error @+1 {{'cnn.slice' op 3 channels from 1 on are not in the input 2x3x4x4}}
  %0 = cnn.slice %x {offset = 1 : i64, size = 3 : i64} : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'cnn.slice' op 1 channels from -1 on are not in the input 2x3}}
  %0 = cnn.slice %x {offset = -1 : i64, size = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'cnn.slice' op 0 channels from 1 on are not in the input 2x3}}
  %0 = cnn.slice %x {offset = 1 : i64, size = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  return
}
