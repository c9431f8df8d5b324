// The compiler's passes: constructors, option structs and registration, generated from the .td files beside them.
#pragma once

#include "ir/Cnn.h"
#include "ir/TargetInfo.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"

#include <memory>
#include <optional>
#include <string>

namespace fovea {

/// The target with that name; none, and an error at `op`, where there is no such target or the host is none.
std::optional<TargetInfo> targetOrError(const std::string &name, mlir::Operation *op);

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

} // namespace fovea
