// RUN: fovea-opt %s --cnn-assign-layouts=target=x86-64-v3 | FileCheck %s

// CHECK: module attributes {cnn.target = "x86-64-v3"}
// CHECK-DAG: #[[ACT:.*]] = #cnn.layout<channels_last, 16>
