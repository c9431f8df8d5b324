// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s
// RUN: fovea-opt %s -cse -canonicalize | FileCheck-19 %s --check-prefix=EFFECTS

// CHECK: cnn.parameter @conv1.weight : tensor<4x3x5x5xf32> {init = {kind = "xavier"}}
cnn.parameter @conv1.weight : tensor<4x3x5x5xf32> {init = {kind = "xavier"}, trainable = true, lr_mult = 1.0 : f32}

// CHECK: cnn.parameter @conv1.bias : tensor<4xf32> {decay_mult = 0.000000e+00 : f32, init = {kind = "constant", value = 1.000000e-01 : f64}, lr_mult = 2.000000e+00 : f32}
cnn.parameter @conv1.bias : tensor<4xf32> {init = {kind = "constant", value = 0.1}, lr_mult = 2.0 : f32, decay_mult = 0.0 : f32}

// CHECK: cnn.parameter @c3.weight : tensor<2x2x1x1xf32> {mask = dense<{{\[\[}}{{\[\[}}1]], {{\[\[}}0]]], {{\[\[\[}}0]], {{\[\[}}1]]]]> : tensor<2x2x1x1xi8>}
cnn.parameter @c3.weight : tensor<2x2x1x1xf32> {mask = dense<[[[[1]], [[0]]], [[[0]], [[1]]]]> : tensor<2x2x1x1xi8>}

// CHECK: cnn.parameter @centers : tensor<2x3xf32, #cnn.layout<weight, 8, 3, 1, 1>> {offset = 64 : i64, trainable = false, value = dense<1.000000e+00> : tensor<2x3xf32>}
cnn.parameter @centers : tensor<2x3xf32, #cnn.layout<weight, 8, 3, 1, 1>> {trainable = false, value = dense<1.0> : tensor<2x3xf32>, offset = 64 : i64}

// CHECK: cnn.parameter @mean : tensor<4xf32> {average = 1.000000e-01 : f32, init = {kind = "constant", value = 0.000000e+00 : f64}, trainable = false}
cnn.parameter @mean : tensor<4xf32> {trainable = false, init = {kind = "constant", value = 0.0}, average = 0.1 : f32}

// CHECK: cnn.parameter @derived : tensor<4xf32> {derived, offset = 128 : i64, trainable = false}
cnn.parameter @derived : tensor<4xf32> {derived, trainable = false, offset = 128 : i64}

// CHECK-LABEL: @blocks
func.func @blocks() {
  // CHECK: %[[V:.*]] = cnn.load @conv1.weight {block = "value"} : tensor<4x3x5x5xf32>
  %v = cnn.load @conv1.weight {block = "value"} : tensor<4x3x5x5xf32>
  // CHECK: cnn.store @conv1.weight, %[[V]] {block = "gradient"} : tensor<4x3x5x5xf32>
  cnn.store @conv1.weight, %v {block = "gradient"} : tensor<4x3x5x5xf32>
  // CHECK: cnn.load @conv1.weight {block = "momentum"} : tensor<4x3x5x5xf32>
  %m = cnn.load @conv1.weight {block = "momentum"} : tensor<4x3x5x5xf32>
  cnn.store @conv1.weight, %m {block = "value"} : tensor<4x3x5x5xf32>
  return
}

// CHECK-LABEL: @prepare
// CHECK: cnn.store @derived
func.func @prepare() attributes {cnn.kind = "prepare"} {
  %0 = cnn.load @mean {block = "value"} : tensor<4xf32>
  cnn.store @derived, %0 {block = "value"} : tensor<4xf32>
  return
}

// CHECK-LABEL: @infer
// CHECK: cnn.load @derived
func.func @infer() -> tensor<4xf32> attributes {cnn.kind = "infer"} {
  %0 = cnn.load @derived {block = "value"} : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// A store ends what is known of a parameter; a load that nobody reads goes.
// EFFECTS-LABEL: @store_between_loads
// EFFECTS-COUNT-2: cnn.load @conv1.bias
// EFFECTS-NOT: cnn.load
func.func @store_between_loads(%new: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %unused = cnn.load @centers {block = "value"} : tensor<2x3xf32, #cnn.layout<weight, 8, 3, 1, 1>>
  %0 = cnn.load @conv1.bias {block = "value"} : tensor<4xf32>
  cnn.store @conv1.bias, %new {block = "value"} : tensor<4xf32>
  %1 = cnn.load @conv1.bias {block = "value"} : tensor<4xf32>
  %2 = cnn.load @conv1.bias {block = "value"} : tensor<4xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
