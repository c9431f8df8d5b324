// RUN: fovea-opt %s | fovea-opt | FileCheck-19 %s

// CHECK-LABEL: @rows
// CHECK: cnn.softmax_cross_entropy %{{.*}}, %{{.*}} : (tensor<2x10xf32>, tensor<2xi32>) -> tensor<2xf32>
func.func @rows(%y: tensor<2x10xf32>, %l: tensor<2xi32>) -> tensor<2xf32> {
  %0 = cnn.softmax_cross_entropy %y, %l : (tensor<2x10xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// CHECK-LABEL: @image_of_one_pixel
// CHECK: cnn.softmax_cross_entropy %{{.*}}, %{{.*}} : (tensor<2x10x1x1xf32>, tensor<2xi32>) -> tensor<2xf32>
func.func @image_of_one_pixel(%y: tensor<2x10x1x1xf32>, %l: tensor<2xi32>) -> tensor<2xf32> {
  %0 = cnn.softmax_cross_entropy %y, %l : (tensor<2x10x1x1xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// CHECK-LABEL: @gradient
// CHECK: cnn.softmax_cross_entropy_gradient %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x10xf32>, tensor<2xi32>, tensor<8xf32>) -> tensor<2x10xf32>
func.func @gradient(%y: tensor<2x10xf32>, %l: tensor<2xi32>, %s: tensor<8xf32>) -> tensor<2x10xf32> {
  %0 = cnn.softmax_cross_entropy_gradient %y, %l, %s : (tensor<2x10xf32>, tensor<2xi32>, tensor<8xf32>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}

// CHECK-LABEL: @sum
// CHECK: cnn.softmax_cross_entropy %{{.*}}, %{{.*}}, %{{.*}} {weight = 3.000000e-01 : f32} : (tensor<2x10xf32>, tensor<2xi32>, tensor<2xf32>) -> tensor<2xf32>
func.func @sum(%y: tensor<2x10xf32>, %l: tensor<2xi32>, %p: tensor<2xf32>) -> tensor<2xf32> {
  %0 = cnn.softmax_cross_entropy %y, %l, %p {weight = 3.0e-01 : f32} : (tensor<2x10xf32>, tensor<2xi32>, tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
