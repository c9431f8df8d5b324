// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @rows
// CHECK: cnn.dense %{{.*}}, %{{.*}} : (tensor<2x48xf32>, tensor<10x48xf32>) -> tensor<2x10xf32>
func.func @rows(%x: tensor<2x48xf32>, %w: tensor<10x48xf32>) -> tensor<2x10xf32> {
  %0 = cnn.dense %x, %w : (tensor<2x48xf32>, tensor<10x48xf32>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}

// CHECK-LABEL: @image_and_bias
// CHECK: cnn.dense %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3x4x4xf32>, tensor<10x48xf32>, tensor<10xf32>) -> tensor<2x10xf32>
func.func @image_and_bias(%x: tensor<2x3x4x4xf32>, %w: tensor<10x48xf32>, %b: tensor<10xf32>) -> tensor<2x10xf32> {
  %0 = cnn.dense %x, %w, %b : (tensor<2x3x4x4xf32>, tensor<10x48xf32>, tensor<10xf32>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}

// CHECK-LABEL: @layouts
// CHECK: cnn.dense %{{.*}}, %{{.*}} : (tensor<2x3x4x4xf32, #cnn.layout<channels_last, 8>>, tensor<10x48xf32, #cnn.layout<weight, 16, 3, 4, 4>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>>
func.func @layouts(%x: tensor<2x3x4x4xf32, #cnn.layout<channels_last, 8>>, %w: tensor<10x48xf32, #cnn.layout<weight, 16, 3, 4, 4>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>> {
  %0 = cnn.dense %x, %w : (tensor<2x3x4x4xf32, #cnn.layout<channels_last, 8>>, tensor<10x48xf32, #cnn.layout<weight, 16, 3, 4, 4>>) -> tensor<2x10xf32, #cnn.layout<channels_last, 16>>
  return %0 : tensor<2x10xf32, #cnn.layout<channels_last, 16>>
}

// CHECK-LABEL: @input_gradient
// CHECK: cnn.dense_input_gradient %{{.*}}, %{{.*}} : (tensor<2x10xf32>, tensor<10x48xf32>) -> tensor<2x48xf32>
func.func @input_gradient(%dy: tensor<2x10xf32>, %w: tensor<10x48xf32>) -> tensor<2x48xf32> {
  %0 = cnn.dense_input_gradient %dy, %w : (tensor<2x10xf32>, tensor<10x48xf32>) -> tensor<2x48xf32>
  return %0 : tensor<2x48xf32>
}

// CHECK-LABEL: @input_gradient_of_image
// CHECK: cnn.dense_input_gradient %{{.*}}, %{{.*}} : (tensor<2x10xf32>, tensor<10x48xf32>) -> tensor<2x3x4x4xf32>
func.func @input_gradient_of_image(%dy: tensor<2x10xf32>, %w: tensor<10x48xf32>) -> tensor<2x3x4x4xf32> {
  %0 = cnn.dense_input_gradient %dy, %w : (tensor<2x10xf32>, tensor<10x48xf32>) -> tensor<2x3x4x4xf32>
  return %0 : tensor<2x3x4x4xf32>
}

// CHECK-LABEL: @weight_gradient
// CHECK: cnn.dense_weight_gradient %{{.*}}, %{{.*}} : (tensor<2x3x4x4xf32>, tensor<2x10xf32>) -> tensor<10x48xf32>
func.func @weight_gradient(%x: tensor<2x3x4x4xf32>, %dy: tensor<2x10xf32>) -> tensor<10x48xf32> {
  %0 = cnn.dense_weight_gradient %x, %dy : (tensor<2x3x4x4xf32>, tensor<2x10xf32>) -> tensor<10x48xf32>
  return %0 : tensor<10x48xf32>
}
