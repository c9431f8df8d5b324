// RUN: fovea-opt %s --cnn-use-bf16="target=x86-64-v4" | FileCheck-19 %s

// A step computes in f32.
// CHECK-LABEL: @step
// CHECK-NOT: bf16
func.func @step(%x: tensor<1x64xf32>, %w: tensor<10x64xf32>) -> tensor<1x10xf32> attributes {cnn.kind = "step"} {
  %0 = cnn.dense %x, %w : (tensor<1x64xf32>, tensor<10x64xf32>) -> tensor<1x10xf32>
  return %0 : tensor<1x10xf32>
}

// This level multiplies no bf16: with many images, and in convolutions, there is nothing to gain.
// CHECK-LABEL: @bound_by_arithmetic
// CHECK-NOT: bf16
func.func @bound_by_arithmetic(%x: tensor<64x16x2x2xf32>, %f: tensor<16x16x1x1xf32>, %w: tensor<10x64xf32>) -> tensor<64x10xf32> attributes {cnn.kind = "infer"} {
  %0 = cnn.conv2d %x, %f : (tensor<64x16x2x2xf32>, tensor<16x16x1x1xf32>) -> tensor<64x16x2x2xf32>
  %1 = cnn.dense %0, %w : (tensor<64x16x2x2xf32>, tensor<10x64xf32>) -> tensor<64x10xf32>
  return %1 : tensor<64x10xf32>
}

// What two layers read is rounded once.
// CHECK-LABEL: @bound_by_bytes
// CHECK: %[[X:.*]] = cnn.narrow %arg0
// CHECK: %[[W:.*]] = cnn.narrow %arg1 {cnn.layer = "fc"}
// CHECK: cnn.dense %[[X]], %[[W]], %arg3 {cnn.layer = "fc"} : (tensor<1x64xbf16>, tensor<10x64xbf16>, tensor<10xf32>) -> tensor<1x10xf32>
// CHECK: %[[V:.*]] = cnn.narrow %arg2
// CHECK: cnn.dense %[[X]], %[[V]]
func.func @bound_by_bytes(%x: tensor<1x64xf32>, %w: tensor<10x64xf32>, %v: tensor<10x64xf32>, %b: tensor<10xf32>) -> tensor<1x10xf32> attributes {cnn.kind = "infer"} {
  %0 = cnn.dense %x, %w, %b {cnn.layer = "fc"} : (tensor<1x64xf32>, tensor<10x64xf32>, tensor<10xf32>) -> tensor<1x10xf32>
  %1 = cnn.dense %x, %v : (tensor<1x64xf32>, tensor<10x64xf32>) -> tensor<1x10xf32>
  %2 = cnn.add %0, %1 : (tensor<1x10xf32>, tensor<1x10xf32>) -> tensor<1x10xf32>
  return %2 : tensor<1x10xf32>
}
