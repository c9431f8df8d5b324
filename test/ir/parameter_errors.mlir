// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{'cnn.parameter' op is not trainable and needs a value}}
cnn.parameter @p : tensor<4xf32> {trainable = false}

// -----

// expected-error @+1 {{'cnn.parameter' op is a running average: neither trainable nor constant}}
cnn.parameter @p : tensor<4xf32> {average = 0.1 : f32}

// -----

cnn.parameter @p : tensor<4xf32> {trainable = false, average = 0.1 : f32}
func.func @f() {
  // expected-error @+1 {{'cnn.load' op asks for the momentum of the running average @p}}
  %0 = cnn.load @p {block = "momentum"} : tensor<4xf32>
  return
}

// -----

// expected-error @+1 {{'cnn.parameter' op is trainable and cannot have a value: init says how training starts}}
cnn.parameter @p : tensor<4xf32> {value = dense<0.0> : tensor<4xf32>}

// -----

// expected-error @+1 {{'cnn.parameter' op mask is 3, but the parameter is 4}}
cnn.parameter @p : tensor<4xf32> {mask = dense<1> : tensor<3xi8>}

// -----

// expected-error @+1 {{'cnn.parameter' op value is 2x2, but the parameter is 4}}
cnn.parameter @p : tensor<4xf32> {trainable = false, value = dense<0.0> : tensor<2x2xf32>}

// -----

// expected-error @+1 {{attribute 'mask' failed to satisfy constraint: dense integers}}
cnn.parameter @p : tensor<4xf32> {mask = dense<1.0> : tensor<4xf32>}

// -----

// expected-error @+1 {{attribute 'value' failed to satisfy constraint: dense floats}}
cnn.parameter @p : tensor<4xf32> {trainable = false, value = dense<1> : tensor<4xi32>}

// -----

func.func @f() {
  // expected-error @+1 {{'cnn.load' op names no parameter: @p}}
  %0 = cnn.load @p {block = "value"} : tensor<4xf32>
  return
}

// -----

cnn.parameter @p : tensor<4xf32>
func.func @f() {
  // expected-error @+1 {{'cnn.load' op has type 'tensor<3xf32>', but parameter @p is 'tensor<4xf32>'}}
  %0 = cnn.load @p {block = "value"} : tensor<3xf32>
  return
}

// -----

cnn.parameter @p : tensor<4xf32>
func.func @f() {
  // expected-error @+1 {{'cnn.load' op attribute 'block' failed to satisfy constraint: one of value, gradient, momentum}}
  %0 = cnn.load @p {block = "weight"} : tensor<4xf32>
  return
}

// -----

cnn.parameter @p : tensor<4xf32> {trainable = false, value = dense<0.0> : tensor<4xf32>}
func.func @f() {
  // expected-error @+1 {{'cnn.load' op asks for the momentum of the constant @p}}
  %0 = cnn.load @p {block = "momentum"} : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{'cnn.store' op names no parameter: @p}}
  cnn.store @p, %x {block = "value"} : tensor<4xf32>
  return
}

// -----

cnn.parameter @p : tensor<4xf32>
func.func @f(%x: tensor<3xf32>) {
  // expected-error @+1 {{'cnn.store' op has type 'tensor<3xf32>', but parameter @p is 'tensor<4xf32>'}}
  cnn.store @p, %x {block = "value"} : tensor<3xf32>
  return
}

// -----

// expected-error @+1 {{'cnn.parameter' op is derived: not trainable, and without init, mask, value and average}}
cnn.parameter @p : tensor<4xf32> {derived}

// -----

// expected-error @+1 {{'cnn.parameter' op is derived: not trainable, and without init, mask, value and average}}
cnn.parameter @p : tensor<4xf32> {derived, trainable = false, init = {kind = "xavier"}}

// -----

cnn.parameter @p : tensor<4xf32> {derived, trainable = false}
func.func @f() {
  // expected-error @+1 {{'cnn.load' op asks for the gradient of the derived parameter @p}}
  %0 = cnn.load @p {block = "gradient"} : tensor<4xf32>
  return
}

// -----

cnn.parameter @p : tensor<4xf32> {derived, trainable = false}
func.func @f() attributes {cnn.kind = "step"} {
  // expected-error @+1 {{'cnn.load' op reads the derived parameter @p in a function of kind "step"; it is up to date only in those of kind "infer"}}
  %0 = cnn.load @p {block = "value"} : tensor<4xf32>
  return
}

// -----

cnn.parameter @p : tensor<4xf32> {derived, trainable = false}
func.func @f(%x: tensor<4xf32>) attributes {cnn.kind = "infer"} {
  // expected-error @+1 {{'cnn.store' op changes the derived parameter @p; only a function of kind "prepare" may}}
  cnn.store @p, %x {block = "value"} : tensor<4xf32>
  return
}

// -----

cnn.parameter @p : tensor<4xf32>
func.func @f(%x: tensor<4xf32>) attributes {cnn.kind = "prepare"} {
  // expected-error @+1 {{'cnn.store' op changes @p in a function of kind "prepare", which may change derived parameters only}}
  cnn.store @p, %x {block = "value"} : tensor<4xf32>
  return
}
