// The functions that call a program's kernels in order: from a plan to the LLVM dialect, LLVM IR and an object.
#pragma once

#include "codegen/Plan.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>

namespace fovea {

enum class MachineCode { Object, Assembly };

/// What a program carries for one of the targets it is compiled for.
struct ProgramLevel {
  TargetInfo target;
  ProgramPlan plan;
  std::string metadata;
};

/// A module in the LLVM dialect: a function for each of the plans', called through the table of a struct fovea_program
/// (runtime/ProgramAbi.h) together with the metadata. `<symbol>_program`, that of the first level, is exported; the others
/// follow in its chain, so the highest target comes first.
mlir::OwningOpRef<mlir::ModuleOp> buildHostModule(mlir::MLIRContext &context, const std::vector<ProgramLevel> &levels,
                                                  const std::string &symbol);

/// Translates it to LLVM IR for x86-64 Linux. Null after a diagnostic.
std::unique_ptr<llvm::Module> translateHostModule(mlir::ModuleOp module, llvm::LLVMContext &context);

/// Position-independent code for any x86-64: the host side only stores addresses and calls.
std::string compileHostModule(llvm::Module &module, MachineCode kind);

} // namespace fovea
