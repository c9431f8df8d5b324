// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @plain
// CHECK: cnn.narrow %{{.*}} : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xbf16>
func.func @plain(%x: tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xbf16> {
  %0 = cnn.narrow %x : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xbf16>
  return %0 : tensor<2x3x4x4xbf16>
}

// CHECK-LABEL: @to_channels_last
// CHECK: cnn.narrow %{{.*}} : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xbf16, #cnn.layout<channels_last, 4>>
func.func @to_channels_last(%x: tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xbf16, #cnn.layout<channels_last, 4>> {
  %0 = cnn.narrow %x : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xbf16, #cnn.layout<channels_last, 4>>
  return %0 : tensor<2x3x4x4xbf16, #cnn.layout<channels_last, 4>>
}

// CHECK-LABEL: @convolution
// CHECK: cnn.conv2d {{.*}} : (tensor<2x4x8x8xbf16>, tensor<8x4x3x3xbf16>, tensor<8xf32>) -> tensor<2x8x6x6xf32>
func.func @convolution(%x: tensor<2x4x8x8xbf16>, %w: tensor<8x4x3x3xf32>, %b: tensor<8xf32>) -> tensor<2x8x6x6xf32> {
  %0 = cnn.narrow %w : (tensor<8x4x3x3xf32>) -> tensor<8x4x3x3xbf16>
  %1 = cnn.conv2d %x, %0, %b : (tensor<2x4x8x8xbf16>, tensor<8x4x3x3xbf16>, tensor<8xf32>) -> tensor<2x8x6x6xf32>
  return %1 : tensor<2x8x6x6xf32>
}

// CHECK-LABEL: @dense_layer
// CHECK: cnn.dense {{.*}} : (tensor<2x4x8x8xbf16>, tensor<10x256xbf16>) -> tensor<2x10xf32>
func.func @dense_layer(%x: tensor<2x4x8x8xbf16>, %w: tensor<10x256xbf16>) -> tensor<2x10xf32> {
  %0 = cnn.dense %x, %w : (tensor<2x4x8x8xbf16>, tensor<10x256xbf16>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}
