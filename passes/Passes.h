// The compiler's passes: constructors, option structs and registration, generated from the .td files beside them.
#pragma once

#include "ir/Cnn.h"
#include "ir/TargetInfo.h"
#include "passes/Tuning.h"

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

/// What a function is for, its cnn.kind; an inference where it does not say.
llvm::StringRef kindOf(mlir::func::FuncOp function);

/// The tuning records in the files; none, and an error at `op`, where one of them cannot be read.
std::optional<Tuning> tuningOrError(const std::string &paths, const TargetInfo &target, mlir::Operation *op);

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

} // namespace fovea
