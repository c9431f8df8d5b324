// Reading and printing the stages that are MLIR modules, and running the passes between them.
#pragma once

#include "frontend/driver/Options.h"
#include "frontend/driver/Timer.h"
#include "ir/TargetInfo.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"

#include <string>

namespace fovea {

/// A context with the dialects of a compilation. No threads: the modules are small, and starting threads costs more.
void loadDialects(mlir::MLIRContext &context);

/// The module that MODEL holds or means, at the stage that comes first: `ir` for model files. Null after diagnostics.
/// Throws std::runtime_error for a file that cannot be read.
mlir::OwningOpRef<mlir::ModuleOp> readModule(mlir::MLIRContext &context, const CompileOptions &options);

/// The checked model file printed again (`--emit=ast`). False after diagnostics.
bool printAst(const CompileOptions &options, std::string &text);

/// From the stage of the module to `to`, which is Stage::Opt or Stage::Schedule.
mlir::LogicalResult runPasses(mlir::ModuleOp module, Stage to, const CompileOptions &options, const TargetInfo &target);

/// The files of tuning records that a compilation reads, with semicolons between: the one that was named, or the model's
/// and the user's where they exist.
std::string tuningFiles(const CompileOptions &options);

/// The model's file of records, beside it: "models/lenet.tuning.json".
std::string tuningFileOf(const std::string &model);
/// The user's, in the cache's folder; empty where there is no such folder.
std::string userTuningFile();

/// The target that is asked for, or the one that a resumed module was made for. Throws std::runtime_error when both are
/// given and differ.
TargetInfo resolveTarget(mlir::ModuleOp module, const CompileOptions &options);

std::string printModule(mlir::ModuleOp module);

/// The whole file. Throws std::runtime_error that names it and the reason.
std::string readFile(const std::string &path);

} // namespace fovea
