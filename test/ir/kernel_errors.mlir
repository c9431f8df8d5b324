// RUN: fovea-opt %s -split-input-file -verify-diagnostics -allow-unregistered-dialect

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'cnn.kernel' op has 1 places for 1 operands and 1 results}}
  %0 = cnn.kernel "k" (%a = %x) {places = [#cnn.place<arena, 0>]} : (tensor<2x3xf32>) -> tensor<2x3xf32> {
    %1 = cnn.relu %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
    cnn.yield %1 : tensor<2x3xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'cnn.kernel' op attribute 'places' failed to satisfy constraint: array of places}}
  %0 = cnn.kernel "k" (%a = %x) {places = [0, 1]} : (tensor<2x3xf32>) -> tensor<2x3xf32> {
    %1 = cnn.relu %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
    cnn.yield %1 : tensor<2x3xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'cnn.kernel' op passes operands of types 'tensor<2x3xf32>' to arguments of types 'tensor<2x4xf32>'}}
  %0 = "cnn.kernel"(%x) <{name = "k"}> ({
  ^bb0(%a: tensor<2x4xf32>):
    %1 = cnn.relu %a : (tensor<2x4xf32>) -> tensor<2x4xf32>
    cnn.yield %1 : tensor<2x4xf32>
  }) : (tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'cnn.kernel' op computes nothing}}
  %0 = cnn.kernel "k" (%a = %x) : (tensor<2x3xf32>) -> tensor<2x3xf32> {
    cnn.yield %a : tensor<2x3xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  %0 = cnn.kernel "k" (%a = %x) : (tensor<2x3xf32>) -> tensor<2x3xf32> {
    %1 = cnn.relu %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
    %2 = cnn.relu %1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
    // expected-error @+1 {{'cnn.yield' op must yield the results of the last computation, cnn.relu}}
    cnn.yield %1 : tensor<2x3xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'cnn.kernel' op yields types 'tensor<2x3xf32>', but its results are 'tensor<2x4xf32>'}}
  %0 = cnn.kernel "k" (%a = %x) : (tensor<2x3xf32>) -> tensor<2x4xf32> {
    %1 = cnn.relu %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
    cnn.yield %1 : tensor<2x3xf32>
  }
  return
}

// -----

cnn.parameter @p : tensor<2x3xf32>
func.func @f(%x: tensor<2x3xf32>) {
  %0 = cnn.kernel "k" (%a = %x) : (tensor<2x3xf32>) -> tensor<2x3xf32> {
    // expected-error @+1 {{'cnn.load' op is not a computation on tensors and cannot be part of a kernel}}
    %1 = cnn.load @p {block = "value"} : tensor<2x3xf32>
    cnn.yield %1 : tensor<2x3xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'cnn.kernel' op must end with cnn.yield}}
  %0 = cnn.kernel "k" (%a = %x) : (tensor<2x3xf32>) -> tensor<2x3xf32> {
    %1 = cnn.relu %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
    "test.end"(%1) : (tensor<2x3xf32>) -> ()
  }
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-note @+1 {{required by region isolation constraints}}
  %0 = cnn.kernel "k" (%a = %x) : (tensor<2x3xf32>) -> tensor<2x3xf32> {
    // expected-error @+1 {{'cnn.relu' op using value defined outside the region}}
    %1 = cnn.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
    cnn.yield %1 : tensor<2x3xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{1 operands present, but expected 2}}
  %0 = cnn.kernel "k" (%a = %x) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32> {
    %1 = cnn.relu %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
    cnn.yield %1 : tensor<2x3xf32>
  }
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{'cnn.kernel' op operand #0 must be variadic of ranked tensor of any type values, but got 'i32'}}
  %0 = cnn.kernel "k" (%a = %x) : (i32) -> i32 {
    cnn.yield %a : i32
  }
  return
}
