// From a plan's unique kernels to machine code, through the cache and in parallel.
#pragma once

#include "codegen/Cache.h"
#include "codegen/EmitKernel.h"
#include "codegen/Plan.h"

#include <string>
#include <vector>

namespace fovea {

struct KernelCompilation {
  int jobs = 0;          ///< Kernels compiled at once; 0: as many as there are cores.
  bool progress = false; ///< Show one changing line on standard error.
};

struct CompiledKernels {
  std::vector<std::string> objects; ///< One per kernel of the plan, in its order.
  size_t fromCache = 0;
};

/// Throws std::runtime_error that names the kernel when one cannot be compiled.
CompiledKernels compileKernels(const ProgramPlan &plan, const TargetInfo &target, Cache &cache,
                               const KernelCompilation &options);

/// All kernels in a form that people read, in the plan's order. Throws as compileKernels does.
std::vector<std::string> kernelTexts(const ProgramPlan &plan, const TargetInfo &target, EmitFormat format, int jobs);

/// What, besides the kernel, decides about an object's bytes: version of the compiler, of Halide, and a hash of the
/// sources that turn kernels into objects.
std::string kernelCompilerId();

} // namespace fovea
