// RUN: fovea-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<2x10xf32>) {
  // expected-error @+1 {{'cnn.relayout' op the result is 2x9, but the operand is 2x10}}
  %0 = cnn.relayout %x : (tensor<2x10xf32>) -> tensor<2x9xf32>
  return
}
