// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @weight
// CHECK: cnn.winograd_weight %{{.*}} {tile = 4 : i64} : (tensor<8x4x3x3xf32>) -> tensor<8x4x6x6xf32>
func.func @weight(%w: tensor<8x4x3x3xf32>) -> tensor<8x4x6x6xf32> {
  %0 = cnn.winograd_weight %w {tile = 4} : (tensor<8x4x3x3xf32>) -> tensor<8x4x6x6xf32>
  return %0 : tensor<8x4x6x6xf32>
}

// CHECK-LABEL: @weight_transposed_with_layouts
// CHECK: cnn.winograd_weight %{{.*}} {cnn.layer = "conv1", groups = 2 : i64, tile = 2 : i64, transposed = true} : (tensor<16x8x3x3xf32, #cnn.layout<weight, 8>>) -> tensor<16x8x4x4xf32, #cnn.layout<weight_transposed, 8>>
func.func @weight_transposed_with_layouts(%w: tensor<16x8x3x3xf32, #cnn.layout<weight, 8>>) -> tensor<16x8x4x4xf32, #cnn.layout<weight_transposed, 8>> {
  %0 = cnn.winograd_weight %w {cnn.layer = "conv1", groups = 2, tile = 2, transposed = true} : (tensor<16x8x3x3xf32, #cnn.layout<weight, 8>>) -> tensor<16x8x4x4xf32, #cnn.layout<weight_transposed, 8>>
  return %0 : tensor<16x8x4x4xf32, #cnn.layout<weight_transposed, 8>>
}

// CHECK-LABEL: @convolution
// CHECK: cnn.winograd_conv2d %{{.*}}, %{{.*}}, %{{.*}} {groups = 2 : i64, pad = array<i64: 2, 2, 2, 2>, tile = 4 : i64} : (tensor<2x16x9x9xf32>, tensor<24x8x8x8xf32>, tensor<24xf32>) -> tensor<2x24x9x9xf32>
func.func @convolution(%x: tensor<2x16x9x9xf32>, %u: tensor<24x8x8x8xf32>, %b: tensor<24xf32>) -> tensor<2x24x9x9xf32> {
  %0 = cnn.winograd_conv2d %x, %u, %b {groups = 2, pad = array<i64: 2, 2, 2, 2>, tile = 4} : (tensor<2x16x9x9xf32>, tensor<24x8x8x8xf32>, tensor<24xf32>) -> tensor<2x24x9x9xf32>
  return %0 : tensor<2x24x9x9xf32>
}

// CHECK-LABEL: @input_gradient
// CHECK: cnn.winograd_conv2d %{{.*}}, %{{.*}} {groups = 2 : i64, pad = array<i64: 1, 1, 1, 1>, tile = 4 : i64, transposed = true} : (tensor<2x24x9x9xf32>, tensor<24x8x6x6xf32>) -> tensor<2x16x9x9xf32>
func.func @input_gradient(%dy: tensor<2x24x9x9xf32>, %u: tensor<24x8x6x6xf32>) -> tensor<2x16x9x9xf32> {
  %0 = cnn.winograd_conv2d %dy, %u {groups = 2, pad = array<i64: 1, 1, 1, 1>, tile = 4, transposed = true} : (tensor<2x24x9x9xf32>, tensor<24x8x6x6xf32>) -> tensor<2x16x9x9xf32>
  return %0 : tensor<2x16x9x9xf32>
}

// CHECK-LABEL: @input_gradient_by_tiles_of_dy
// CHECK: cnn.winograd_input_gradient %{{.*}}, %{{.*}} {groups = 2 : i64, pad = array<i64: 1, 0, 1, 1>, tile = 4 : i64} : (tensor<2x24x9x8xf32>, tensor<24x8x6x6xf32>) -> tensor<2x16x9x9xf32>
func.func @input_gradient_by_tiles_of_dy(%dy: tensor<2x24x9x8xf32>, %u: tensor<24x8x6x6xf32>) -> tensor<2x16x9x9xf32> {
  %0 = cnn.winograd_input_gradient %dy, %u {groups = 2, pad = array<i64: 1, 0, 1, 1>, tile = 4} : (tensor<2x24x9x8xf32>, tensor<24x8x6x6xf32>) -> tensor<2x16x9x9xf32>
  return %0 : tensor<2x16x9x9xf32>
}

// CHECK-LABEL: @weight_gradient
// CHECK: cnn.winograd_weight_gradient %{{.*}}, %{{.*}} {groups = 2 : i64, pad = array<i64: 1, 1, 1, 1>, tile = 4 : i64} : (tensor<2x16x9x9xf32>, tensor<2x24x9x9xf32>) -> tensor<24x8x3x3xf32>
func.func @weight_gradient(%x: tensor<2x16x9x9xf32>, %dy: tensor<2x24x9x9xf32>) -> tensor<24x8x3x3xf32> {
  %0 = cnn.winograd_weight_gradient %x, %dy {groups = 2, pad = array<i64: 1, 1, 1, 1>, tile = 4} : (tensor<2x16x9x9xf32>, tensor<2x24x9x9xf32>) -> tensor<24x8x3x3xf32>
  return %0 : tensor<24x8x3x3xf32>
}
