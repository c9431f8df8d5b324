// RUN: fovea-opt %s --split-input-file --verify-diagnostics --cnn-plan-memory

func.func @not_fused(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @below {{is outside of a kernel; cnn-fuse must run before memory is planned}}
  %0 = cnn.relu %x : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// -----

func.func @output_is_the_image(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @below {{needs a value that a kernel computes for it alone; cnn-fuse makes the copy}}
  return %x : tensor<1x4xf32>
}

// -----

cnn.parameter @p : tensor<1x4xf32> {init = {kind = "xavier"}}

func.func @read_after_write(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %p = cnn.load @p {block = "value"} : tensor<1x4xf32>
  %0 = cnn.kernel "relu" (%a = %p) : (tensor<1x4xf32>) -> tensor<1x4xf32> {
    %2 = cnn.relu %a : (tensor<1x4xf32>) -> tensor<1x4xf32>
    cnn.yield %2 : tensor<1x4xf32>
  }
  %1 = cnn.kernel "relu" (%a = %p) : (tensor<1x4xf32>) -> tensor<1x4xf32> {
    %2 = cnn.relu %a : (tensor<1x4xf32>) -> tensor<1x4xf32>
    cnn.yield %2 : tensor<1x4xf32>
  }
  // expected-error @below {{overwrites what a later kernel reads}}
  cnn.store @p, %0 {block = "value"} : tensor<1x4xf32>
  return %1 : tensor<1x4xf32>
}
