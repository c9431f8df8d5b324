// RUN: fovea-opt %s --split-input-file --cnn-fuse="enable-elementwise=false enable-pool=false" --cnn-plan-memory | FileCheck %s
// RUN: fovea-opt %s --split-input-file --cnn-fuse="enable-elementwise=false enable-pool=false" --cnn-plan-memory=reuse=false | FileCheck %s --check-prefix=APART
// RUN: fovea-opt %s --split-input-file --cnn-fuse="enable-elementwise=false enable-pool=false" --cnn-plan-memory=alignment=512 | FileCheck %s --check-prefix=DEVICE

// Three values in a row: the first and the third share; the last is written to the output.
// CHECK-LABEL: func.func @chain
// CHECK-SAME: cnn.arena_bytes = 256 : i64, {{.*}}cnn.live_bytes = 256 : i64, cnn.unplanned_bytes = 384 : i64
// CHECK: cnn.kernel "relu" {{.*}}places = [#cnn.place<input, 0>, #cnn.place<arena, [[A:[0-9]+]]>]
// CHECK: cnn.kernel "tanh" {{.*}}places = [#cnn.place<arena, [[A]]>, #cnn.place<arena, [[B:[0-9]+]]>]
// CHECK: cnn.kernel "sigmoid" {{.*}}places = [#cnn.place<arena, [[B]]>, #cnn.place<arena, [[A]]>]
// CHECK: cnn.kernel "softmax" {{.*}}places = [#cnn.place<arena, [[A]]>, #cnn.place<output, 0>]
// DEVICE-LABEL: func.func @chain
// DEVICE-SAME: cnn.arena_bytes = 1024 : i64, {{.*}}cnn.live_bytes = 1024 : i64, cnn.unplanned_bytes = 1536 : i64
// DEVICE: cnn.kernel "relu" {{.*}}#cnn.place<arena, {{0|512}}>]
// APART-LABEL: func.func @chain
// APART-SAME: cnn.arena_bytes = 384
func.func @chain(%x: tensor<2x16xf32>) -> tensor<2x16xf32> attributes {cnn.kind = "infer", cnn.batch = 2} {
  %0 = cnn.relu %x : (tensor<2x16xf32>) -> tensor<2x16xf32>
  %1 = cnn.tanh %0 : (tensor<2x16xf32>) -> tensor<2x16xf32>
  %2 = cnn.sigmoid %1 : (tensor<2x16xf32>) -> tensor<2x16xf32>
  %3 = cnn.softmax %2 : (tensor<2x16xf32>) -> tensor<2x16xf32>
  return %3 : tensor<2x16xf32>
}

// -----

// The output is read again: it stays where it is, and the value behind it goes to the arena.
// CHECK-LABEL: func.func @output_used_again
// CHECK: cnn.kernel "relu" {{.*}}places = [#cnn.place<input, 0>, #cnn.place<output, 0>]
// CHECK: cnn.kernel "softmax_cross_entropy" {{.*}}places = [#cnn.place<output, 0>, #cnn.place<labels, 0>, #cnn.place<loss, 0>]
func.func @output_used_again(%x: tensor<2x16xf32>, %labels: tensor<2xi32>, %scalars: tensor<8xf32>)
    -> (tensor<2xf32>, tensor<2x16xf32>) attributes {cnn.kind = "step", cnn.batch = 2} {
  %0 = cnn.relu %x : (tensor<2x16xf32>) -> tensor<2x16xf32>
  %1 = cnn.softmax_cross_entropy %0, %labels : (tensor<2x16xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %1, %0 : tensor<2xf32>, tensor<2x16xf32>
}

// -----

// A value that is read late keeps its place until then: its neighbours go around it.
// CHECK-LABEL: func.func @read_late
// CHECK-SAME: cnn.arena_bytes = 384
// CHECK: cnn.kernel "relu" {{.*}}, #cnn.place<arena, [[KEPT:[0-9]+]]>]
// CHECK-NOT: #cnn.place<arena, [[KEPT]]>]
// CHECK: cnn.kernel "add" {{.*}}#cnn.place<arena, [[KEPT]]>, #cnn.place<output, 0>]
func.func @read_late(%x: tensor<2x16xf32>) -> tensor<2x16xf32> attributes {cnn.kind = "infer", cnn.batch = 2} {
  %0 = cnn.relu %x : (tensor<2x16xf32>) -> tensor<2x16xf32>
  %1 = cnn.tanh %0 : (tensor<2x16xf32>) -> tensor<2x16xf32>
  %2 = cnn.sigmoid %1 : (tensor<2x16xf32>) -> tensor<2x16xf32>
  %3 = cnn.softmax %2 : (tensor<2x16xf32>) -> tensor<2x16xf32>
  %4 = cnn.add %3, %0 : (tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<2x16xf32>
  return %4 : tensor<2x16xf32>
}

// -----

// Parameters begin at cache lines; gradients are written where they belong, the update in place.
// CHECK: module attributes {cnn.gradient_floats = 48 : i64, cnn.parameter_floats = 48 : i64}
// CHECK: cnn.parameter @p : {{.*}}offset = 0 : i64
// CHECK: cnn.parameter @q : {{.*}}offset = 32 : i64
cnn.parameter @p : tensor<20xf32> {init = {kind = "xavier"}}
cnn.parameter @q : tensor<4xf32> {init = {kind = "xavier"}}
// CHECK-LABEL: func.func @gradient
// CHECK: cnn.kernel "bias_gradient" {{.*}}places = [#cnn.place<input, 0>, #cnn.place<gradients, 32>]
func.func @gradient(%dy: tensor<1x4x2x2xf32>) attributes {cnn.kind = "infer"} {
  %0 = cnn.bias_gradient %dy : (tensor<1x4x2x2xf32>) -> tensor<4xf32>
  cnn.store @q, %0 {block = "gradient"} : tensor<4xf32>
  return
}
// CHECK-LABEL: func.func @update
// CHECK: places = [#cnn.place<parameters, 32>, #cnn.place<gradients, 32>, #cnn.place<momentum, 32>, #cnn.place<scalars, 0>, #cnn.place<parameters, 32>, #cnn.place<momentum, 32>]
func.func @update(%scalars: tensor<8xf32>) attributes {cnn.kind = "update"} {
  %w = cnn.load @q {block = "value"} : tensor<4xf32>
  %g = cnn.load @q {block = "gradient"} : tensor<4xf32>
  %v = cnn.load @q {block = "momentum"} : tensor<4xf32>
  %0, %1 = cnn.sgd_update %w, %g, %v, %scalars : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  cnn.store @q, %0 {block = "value"} : tensor<4xf32>
  cnn.store @q, %1 {block = "momentum"} : tensor<4xf32>
  return
}

// -----

// Derived parameters come last, wherever they stand: the blocks of gradients and momentum end before them.
// CHECK: module attributes {cnn.gradient_floats = 32 : i64, cnn.parameter_floats = 64 : i64}
// CHECK: cnn.parameter @p.relu : {{.*}}offset = 32 : i64
// CHECK: cnn.parameter @p : {{.*}}offset = 0 : i64
// CHECK: cnn.parameter @p.tanh : {{.*}}offset = 48 : i64
cnn.parameter @p.relu : tensor<1x4xf32> {derived, trainable = false}
cnn.parameter @p : tensor<1x20xf32> {init = {kind = "xavier"}}
cnn.parameter @p.tanh : tensor<1x16xf32> {derived, trainable = false}
// CHECK-LABEL: func.func @prepare
// CHECK: cnn.kernel "tanh" {{.*}}places = [#cnn.place<parameters, 0>, #cnn.place<arena, 0>]
// CHECK: cnn.kernel "slice" {{.*}}places = [#cnn.place<arena, 0>, #cnn.place<parameters, 48>]
func.func @prepare() attributes {cnn.kind = "prepare"} {
  %p = cnn.load @p {block = "value"} : tensor<1x20xf32>
  %0 = cnn.tanh %p : (tensor<1x20xf32>) -> tensor<1x20xf32>
  %1 = cnn.slice %0 {offset = 0 : i64, size = 16 : i64} : (tensor<1x20xf32>) -> tensor<1x16xf32>
  cnn.store @p.tanh, %1 {block = "value"} : tensor<1x16xf32>
  return
}
