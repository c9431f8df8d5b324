// From a kernel's specification to machine code: algorithm, schedule, Halide.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

#include <string>

namespace fovea {

/// Where each form of a kernel is written; an empty path leaves it out.
struct EmitOutputs {
  std::string object, assembly;
  std::string stmt;  ///< Halide's lowered statements.
  std::string loops; ///< The scheduled algorithm before lowering to machine detail ("conceptual" statements).
  std::string llvm;
};

/// Compiles the kernel as the C function `int symbol(halide_buffer_t *input..., halide_buffer_t *output...)`: inputs by
/// value id, then the results of the last operation, dimensions as codegen/BufferDims.h gives them. Safe to call from
/// several threads. Throws std::runtime_error with Halide's message when the kernel cannot be compiled.
void emitKernel(const KernelSpec &kernel, const TargetInfo &target, const std::string &symbol,
                const EmitOutputs &outputs);

} // namespace fovea
