// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @inference
// CHECK: cnn.batch_norm %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {epsilon = 1.000000e-03 : f32} : (tensor<2x3x4x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4x4xf32>
func.func @inference(%x: tensor<2x3x4x4xf32>, %c: tensor<3xf32>) -> tensor<2x3x4x4xf32> {
  %0 = cnn.batch_norm %x, %c, %c, %c, %c {epsilon = 0.001 : f32} : (tensor<2x3x4x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4x4xf32>
  return %0 : tensor<2x3x4x4xf32>
}

// CHECK-LABEL: @training
// CHECK: %[[MEAN:.*]], %[[VARIANCE:.*]] = cnn.batch_statistics %[[X:.*]], %[[S:.*]] : (tensor<2x3xf32>, tensor<8xf32>) -> (tensor<3xf32>, tensor<3xf32>)
// CHECK: cnn.batch_norm %[[X]], %{{.*}}, %{{.*}}, %[[MEAN]], %[[VARIANCE]], %[[S]] : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<8xf32>) -> tensor<2x3xf32>
// CHECK: cnn.running_statistics %[[MEAN]], %[[VARIANCE]], %[[S]] {pixels = 1 : i64} : (tensor<3xf32>, tensor<3xf32>, tensor<8xf32>) -> (tensor<3xf32>, tensor<3xf32>)
func.func @training(%x: tensor<2x3xf32>, %c: tensor<3xf32>, %s: tensor<8xf32>) -> (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %m, %v = cnn.batch_statistics %x, %s : (tensor<2x3xf32>, tensor<8xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  %0 = cnn.batch_norm %x, %c, %c, %m, %v, %s : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<8xf32>) -> tensor<2x3xf32>
  %rm, %rv = cnn.running_statistics %m, %v, %s {pixels = 1} : (tensor<3xf32>, tensor<3xf32>, tensor<8xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %0, %rm, %rv : tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>
}

// CHECK-LABEL: @gradients
// CHECK: cnn.batch_norm_sums %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>, tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>, tensor<3xf32, #cnn.layout<vector, 3>>, tensor<3xf32, #cnn.layout<vector, 3>>) -> (tensor<3xf32, #cnn.layout<vector, 3>>, tensor<3xf32, #cnn.layout<vector, 3>>)
// CHECK: cnn.batch_norm_input_gradient %{{.*}} {epsilon = 1.000000e-03 : f32} : (tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>,
func.func @gradients(%x: tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>, %c: tensor<3xf32, #cnn.layout<vector, 3>>, %s: tensor<8xf32>) -> tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>> {
  %w, %b = cnn.batch_norm_sums %x, %x, %c, %c : (tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>, tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>, tensor<3xf32, #cnn.layout<vector, 3>>, tensor<3xf32, #cnn.layout<vector, 3>>) -> (tensor<3xf32, #cnn.layout<vector, 3>>, tensor<3xf32, #cnn.layout<vector, 3>>)
  %dx = cnn.batch_norm_input_gradient %x, %x, %c, %c, %c, %w, %b, %s {epsilon = 0.001 : f32} : (tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>, tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>, tensor<3xf32, #cnn.layout<vector, 3>>, tensor<3xf32, #cnn.layout<vector, 3>>, tensor<3xf32, #cnn.layout<vector, 3>>, tensor<3xf32, #cnn.layout<vector, 3>>, tensor<3xf32, #cnn.layout<vector, 3>>, tensor<8xf32>) -> tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>
  return %dx : tensor<2x3x4x4xf32, #cnn.layout<channels_last, 3>>
}

// CHECK-LABEL: @update
// CHECK: cnn.average_update %{{.*}}, %{{.*}} {momentum = 1.000000e-01 : f32} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
func.func @update(%r: tensor<3xf32>, %m: tensor<3xf32>) -> tensor<3xf32> {
  %0 = cnn.average_update %r, %m {momentum = 0.1 : f32} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// CHECK-LABEL: @as_a_scale
// CHECK: %[[C:.*]] = cnn.batch_norm_coefficient %{{.*}}, %{{.*}} {epsilon = 1.000000e-03 : f32} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK: cnn.batch_norm_offset %{{.*}}, %{{.*}}, %[[C]] : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
func.func @as_a_scale(%c: tensor<3xf32>) -> tensor<3xf32> {
  %0 = cnn.batch_norm_coefficient %c, %c {epsilon = 0.001 : f32} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %1 = cnn.batch_norm_offset %c, %c, %0 : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}
