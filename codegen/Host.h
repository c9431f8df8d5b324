// The functions that call a program's kernels in order: from a plan to the LLVM dialect, LLVM IR and an object.
#pragma once

#include "codegen/Plan.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>

namespace fovea {

enum class MachineCode { Object, Assembly };

/// A module in the LLVM dialect: a function for each of the plan's, called through the table of the exported
/// `<symbol>_program` (struct fovea_program of runtime/ProgramAbi.h) together with `metadata`.
mlir::OwningOpRef<mlir::ModuleOp> buildHostModule(mlir::MLIRContext &context, const ProgramPlan &plan,
                                                  const std::string &symbol, const std::string &metadata);

/// Translates it to LLVM IR for x86-64 Linux. Null after a diagnostic.
std::unique_ptr<llvm::Module> translateHostModule(mlir::ModuleOp module, llvm::LLVMContext &context);

/// Position-independent code for any x86-64: the host side only stores addresses and calls.
std::string compileHostModule(llvm::Module &module, MachineCode kind);

} // namespace fovea
