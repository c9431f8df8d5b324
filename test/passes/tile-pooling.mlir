// RUN: fovea-opt %s --cnn-tile-pooling="target=x86-64-v4 cores=2" --split-input-file | FileCheck %s
// RUN: fovea-opt %s --cnn-tile-pooling="target=x86-64-v4 cores=64" --split-input-file | FileCheck %s --check-prefix=MANY
// RUN: fovea-opt %s --cnn-tile-pooling="target=x86-64-v4 cores=2" --cnn-choose-schedule=target=x86-64-v4 --cnn-explain -o /dev/null | FileCheck %s --check-prefix=EXPLAIN
// RUN: not fovea-opt %s --cnn-tile-pooling=target=pdp11 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: unknown target "pdp11"; expected host, x86-64-v3, x86-64-v4, cuda or opencl

!image1 = tensor<1x3x227x227xf32, #cnn.layout<channels_last, 3>>
!conv1 = tensor<1x96x55x55xf32, #cnn.layout<channels_last, 96>>
!pool1 = tensor<1x96x27x27xf32, #cnn.layout<channels_last, 96>>
!image8 = tensor<8x3x227x227xf32, #cnn.layout<channels_last, 3>>
!conv8 = tensor<8x96x55x55xf32, #cnn.layout<channels_last, 96>>
!pool8 = tensor<8x96x27x27xf32, #cnn.layout<channels_last, 96>>
!weight = tensor<96x3x11x11xf32, #cnn.layout<weight, 96>>

// One image for two cores: two strips of rows. For 64: 27 rows of the result would be 27 tasks of three rows each; two
// kernels are faster.
// CHECK-LABEL: func.func @one_image
// CHECK: cnn.kernel "c: conv2d+relu+lrn+max_pool" {{.*}} {schedule = {halo = 0 : i64, parallel = 3 : i64, rows = 14 : i64}}
// MANY-LABEL: func.func @one_image
// MANY: %[[C:.*]] = cnn.kernel "c: conv2d+relu" (%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) :
// MANY-NEXT: cnn.conv2d
// MANY-NEXT: cnn.relu
// MANY-NEXT: cnn.yield
// MANY: cnn.kernel "c: lrn+max_pool" (%{{.*}} = %[[C]]) {schedule = {halo = {{[01]}} : i64, parallel = 3 : i64, rows = {{[0-9]+}} : i64}}
// MANY-NEXT: cnn.lrn
// MANY-NEXT: cnn.max_pool
// MANY-NEXT: cnn.yield
// EXPLAIN: c: conv2d+relu+lrn+max_pool
// EXPLAIN-NEXT: halo: line buffer, 4 rows of 96x55, 169 kB, in strips of 14; 2 % of the rows are computed again; recomputing would cost 47 % more arithmetic
func.func @one_image(%x: !image1, %w: !weight) -> !pool1 {
  %0 = cnn.kernel "c: conv2d+relu+lrn+max_pool" (%a = %x, %b = %w) : (!image1, !weight) -> !pool1 {
    %1 = cnn.conv2d %a, %b {stride = array<i64: 4, 4>} : (!image1, !weight) -> !conv1
    %2 = cnn.relu %1 : (!conv1) -> !conv1
    %3 = cnn.lrn %2 {size = 5 : i64, alpha = 1.0e-4 : f32, beta = 0.75 : f32} : (!conv1) -> !conv1
    %4 = cnn.max_pool %3 {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>} : (!conv1) -> !pool1
    cnn.yield %4 : !pool1
  }
  return %0 : !pool1
}

// Images enough: a line buffer goes down each, and no row is computed twice.
// CHECK-LABEL: func.func @images
// CHECK: {schedule = {halo = 0 : i64, parallel = 1 : i64, rows = 27 : i64}}
// EXPLAIN: c: conv2d+max_pool
// EXPLAIN-NEXT: halo: line buffer, 4 rows of {{[0-9]+}}x55, {{[0-9]+}} kB; recomputing would cost 47 % more arithmetic
func.func @images(%x: !image8, %w: !weight) -> !pool8 {
  %0 = cnn.kernel "c: conv2d+max_pool" (%a = %x, %b = %w) : (!image8, !weight) -> !pool8 {
    %1 = cnn.conv2d %a, %b {stride = array<i64: 4, 4>} : (!image8, !weight) -> !conv8
    %2 = cnn.max_pool %1 {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>} : (!conv8) -> !pool8
    cnn.yield %2 : !pool8
  }
  return %0 : !pool8
}

// Windows that share no rows have no halo to keep.
// CHECK-LABEL: func.func @side_by_side
// CHECK: {schedule = {halo = 1 : i64, parallel = 1 : i64, rows = 27 : i64}}
// EXPLAIN: r: relu+max_pool
// EXPLAIN-NEXT: halo: none, windows share no rows, 2 rows of 96x54, 41 kB
func.func @side_by_side(%x: !conv8) -> !pool8 {
  %0 = cnn.kernel "r: relu+max_pool" (%a = %x) : (!conv8) -> !pool8 {
    %1 = cnn.relu %a : (!conv8) -> !conv8
    %2 = cnn.max_pool %1 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : (!conv8) -> !pool8
    cnn.yield %2 : !pool8
  }
  return %0 : !pool8
}

// What was decided stays, and what has nothing to decide is left alone.
// CHECK-LABEL: func.func @given
// CHECK: {schedule = {halo = 1 : i64, parallel = 0 : i64}}
// CHECK: cnn.kernel "p: max_pool" (%{{.*}} = %{{.*}}) :
func.func @given(%x: !conv8) -> (!pool8, !pool8) {
  %0 = cnn.kernel "r: relu+max_pool" (%a = %x) {schedule = {halo = 1 : i64, parallel = 0 : i64}} : (!conv8) -> !pool8 {
    %1 = cnn.relu %a : (!conv8) -> !conv8
    %2 = cnn.max_pool %1 {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>} : (!conv8) -> !pool8
    cnn.yield %2 : !pool8
  }
  %3 = cnn.kernel "p: max_pool" (%a = %x) : (!conv8) -> !pool8 {
    %4 = cnn.max_pool %a {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>} : (!conv8) -> !pool8
    cnn.yield %4 : !pool8
  }
  return %0, %3 : !pool8, !pool8
}
