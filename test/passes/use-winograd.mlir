// RUN: fovea-opt %s --cnn-use-winograd="target=x86-64-v3 steps-forward=false" | FileCheck-19 %s --check-prefixes=CHECK,DIRECT
// RUN: fovea-opt %s --cnn-use-winograd="target=x86-64-v3" | FileCheck-19 %s --check-prefixes=CHECK,STEPS

// A convolution of 3x3 kernels over many channels, with its bias, its layer and its groups.
// CHECK-LABEL: func.func @forward
// CHECK: %[[U:.*]] = cnn.winograd_weight %arg1 {cnn.layer = "conv4", groups = 2 : i64, tile = 4 : i64} : (tensor<384x192x3x3xf32>) -> tensor<384x192x6x6xf32>
// CHECK: %[[Y:.*]] = cnn.winograd_conv2d %arg0, %[[U]], %arg2 {cnn.layer = "conv4", groups = 2 : i64, pad = array<i64: 1, 1, 1, 1>, tile = 4 : i64}
// CHECK: return %[[Y]]
func.func @forward(%x: tensor<64x384x13x13xf32>, %w: tensor<384x192x3x3xf32>, %b: tensor<384xf32>) -> tensor<64x384x13x13xf32> {
  %0 = cnn.conv2d %x, %w, %b {cnn.layer = "conv4", groups = 2, pad = array<i64: 1, 1, 1, 1>} : (tensor<64x384x13x13xf32>, tensor<384x192x3x3xf32>, tensor<384xf32>) -> tensor<64x384x13x13xf32>
  return %0 : tensor<64x384x13x13xf32>
}

// 5x5 kernels make transforms of 8 with the same tiles.
// CHECK-LABEL: func.func @larger_kernel
// CHECK: cnn.winograd_weight %arg1 {tile = 4 : i64} : (tensor<256x96x5x5xf32>) -> tensor<256x96x8x8xf32>
func.func @larger_kernel(%x: tensor<64x96x27x27xf32>, %w: tensor<256x96x5x5xf32>) -> tensor<64x256x27x27xf32> {
  %0 = cnn.conv2d %x, %w {pad = array<i64: 2, 2, 2, 2>} : (tensor<64x96x27x27xf32>, tensor<256x96x5x5xf32>) -> tensor<64x256x27x27xf32>
  return %0 : tensor<64x256x27x27xf32>
}

// The gradient of the input is a convolution with the kernels turned around, padded by what is left of them; the transposed
// weight, which nothing else reads, is gone.
// CHECK-LABEL: func.func @input_gradient
// CHECK-NOT: cnn.transpose_weight
// CHECK: %[[U:.*]] = cnn.winograd_weight %arg1 {tile = 4 : i64, transposed = true}
// CHECK: cnn.winograd_conv2d %arg0, %[[U]] {pad = array<i64: 1, 2, 1, 0>, tile = 4 : i64, transposed = true} : (tensor<64x64x28x28xf32>, tensor<64x64x6x6xf32>) -> tensor<64x64x28x28xf32>
func.func @input_gradient(%dy: tensor<64x64x28x28xf32>, %w: tensor<64x64x3x3xf32>) -> tensor<64x64x28x28xf32> {
  %0 = cnn.transpose_weight %w : (tensor<64x64x3x3xf32>) -> tensor<64x64x3x3xf32>
  %1 = cnn.conv2d_input_gradient %dy, %0 {pad = array<i64: 1, 0, 1, 2>} : (tensor<64x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<64x64x28x28xf32>
  return %1 : tensor<64x64x28x28xf32>
}

// Without padding the result's gradient is the smaller image: 4 tiles of it do what 9 of the input's gradient would.
// CHECK-LABEL: func.func @input_gradient_without_padding
// CHECK: %[[U:.*]] = cnn.winograd_weight %arg1 {cnn.layer = "conv2", tile = 4 : i64, transposed = true}
// CHECK: cnn.winograd_input_gradient %arg0, %[[U]] {cnn.layer = "conv2", tile = 4 : i64} : (tensor<64x50x8x8xf32>, tensor<50x20x8x8xf32>) -> tensor<64x20x12x12xf32>
func.func @input_gradient_without_padding(%dy: tensor<64x50x8x8xf32>, %w: tensor<50x20x5x5xf32>) -> tensor<64x20x12x12xf32> {
  %0 = cnn.transpose_weight %w : (tensor<50x20x5x5xf32>) -> tensor<50x20x5x5xf32>
  %1 = cnn.conv2d_input_gradient %dy, %0 {cnn.layer = "conv2"} : (tensor<64x50x8x8xf32>, tensor<50x20x5x5xf32>) -> tensor<64x20x12x12xf32>
  return %1 : tensor<64x20x12x12xf32>
}

// CHECK-LABEL: func.func @weight_gradient
// CHECK: cnn.winograd_weight_gradient %arg0, %arg1 {pad = array<i64: 1, 1, 1, 1>, tile = 6 : i64} : (tensor<64x64x28x28xf32>, tensor<64x64x28x28xf32>) -> tensor<64x64x3x3xf32>
func.func @weight_gradient(%x: tensor<64x64x28x28xf32>, %dy: tensor<64x64x28x28xf32>) -> tensor<64x64x3x3xf32> {
  %0 = cnn.conv2d_weight_gradient %x, %dy {pad = array<i64: 1, 1, 1, 1>} : (tensor<64x64x28x28xf32>, tensor<64x64x28x28xf32>) -> tensor<64x64x3x3xf32>
  return %0 : tensor<64x64x3x3xf32>
}

// Strides, dilation, kernels that are not square, 1x1 kernels, few channels and groups that fill no vector stay direct.
// CHECK-LABEL: func.func @stay_direct
// CHECK-NOT: cnn.winograd
// CHECK: return
func.func @stay_direct(%x: tensor<64x64x28x28xf32>, %few: tensor<64x3x28x28xf32>, %w: tensor<64x64x3x3xf32>, %wide: tensor<64x64x3x5xf32>, %one: tensor<64x64x1x1xf32>, %w3: tensor<64x3x3x3xf32>, %g: tensor<96x4x3x3xf32>) {
  %0 = cnn.conv2d %x, %w {stride = array<i64: 2, 2>} : (tensor<64x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<64x64x13x13xf32>
  %1 = cnn.conv2d %x, %w {dilation = array<i64: 2, 2>} : (tensor<64x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<64x64x24x24xf32>
  %2 = cnn.conv2d %x, %wide : (tensor<64x64x28x28xf32>, tensor<64x64x3x5xf32>) -> tensor<64x64x26x24xf32>
  %3 = cnn.conv2d %x, %one : (tensor<64x64x28x28xf32>, tensor<64x64x1x1xf32>) -> tensor<64x64x28x28xf32>
  %4 = cnn.conv2d %few, %w3 : (tensor<64x3x28x28xf32>, tensor<64x3x3x3xf32>) -> tensor<64x64x26x26xf32>
  %5 = cnn.conv2d %x, %g {groups = 16} : (tensor<64x64x28x28xf32>, tensor<96x4x3x3xf32>) -> tensor<64x96x26x26xf32>
  return
}

// In steps, only the gradients where the forward pass is to stay direct.
// CHECK-LABEL: func.func @step
// DIRECT: cnn.conv2d %
// STEPS: cnn.winograd_conv2d
// CHECK: cnn.winograd_weight_gradient
func.func @step(%x: tensor<64x64x28x28xf32>, %w: tensor<64x64x3x3xf32>) attributes {cnn.kind = "step"} {
  %0 = cnn.conv2d %x, %w {pad = array<i64: 1, 1, 1, 1>} : (tensor<64x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<64x64x28x28xf32>
  %1 = cnn.conv2d_weight_gradient %x, %0 {pad = array<i64: 1, 1, 1, 1>} : (tensor<64x64x28x28xf32>, tensor<64x64x28x28xf32>) -> tensor<64x64x3x3xf32>
  return
}

// A gradient whose transforms would take more bytes than Halide counts stays direct; half as many images do not.
// CHECK-LABEL: func.func @many_images
// CHECK: cnn.conv2d_weight_gradient
// CHECK: cnn.winograd_weight_gradient
func.func @many_images(%x: tensor<512x64x112x112xf32>, %dy: tensor<512x64x112x112xf32>, %half: tensor<256x64x112x112xf32>) -> (tensor<64x64x3x3xf32>, tensor<64x64x3x3xf32>) attributes {cnn.kind = "step"} {
  %0 = cnn.conv2d_weight_gradient %x, %dy {pad = array<i64: 1, 1, 1, 1>} : (tensor<512x64x112x112xf32>, tensor<512x64x112x112xf32>) -> tensor<64x64x3x3xf32>
  %1 = cnn.conv2d_weight_gradient %half, %half {pad = array<i64: 1, 1, 1, 1>} : (tensor<256x64x112x112xf32>, tensor<256x64x112x112xf32>) -> tensor<64x64x3x3xf32>
  return %0, %1 : tensor<64x64x3x3xf32>, tensor<64x64x3x3xf32>
}
