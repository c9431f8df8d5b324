// Modules that lack what the code generator needs are refused, not miscompiled.
// RUN: not fovea compile %s --from=schedule --emit=llvm 2>&1 | FileCheck %s

module attributes {cnn.network = "Tiny", cnn.target = "x86-64-v3"} {
  // CHECK: errors.mlir:[[@LINE+1]]:{{.*}}error: 'func.func' op has no cnn.arena_bytes; cnn-plan-memory must run first
  func.func @infer_b1(%image: tensor<1x2xf32>) -> tensor<1x2xf32> attributes {cnn.kind = "infer", cnn.batch = 1 : i64} {
    return %image : tensor<1x2xf32>
  }
}
