// Tells in text what the passes made of a network.
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include "llvm/Support/raw_ostream.h"

namespace fovea {

/// Prints, for each function of a scheduled and planned module: its kernels with what was fused, floating-point
/// operations, bytes read and written, and schedule; and its memory, with and without planning.
void explain(mlir::ModuleOp module, llvm::raw_ostream &out);

} // namespace fovea
