// From a kernel's specification to machine code: algorithm, schedule, Halide.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

#include <string>

namespace fovea {

/// Halide: the scheduled algorithm under the kernel's JSON. Stmt: Halide's lowered loops. DeviceCode: PTX or OpenCL C
/// of a kernel for a device.
enum class EmitFormat { Object, Assembly, Halide, Stmt, DeviceCode };

/// One of Halide's own schedulers instead of ours, to compare with: never how a program is compiled.
struct Autoscheduler {
  std::string name;   ///< "Mullapudi2016", "Adams2019", "Li2018"; empty: our schedule.
  std::string plugin; ///< The shared library that registers it.
  int threads = 1;    ///< What it is to assume.
};

/// Compiles the kernel as the C function `int symbol(halide_buffer_t *input..., halide_buffer_t *output...)`: inputs by
/// value id, then the results of the last operation, dimensions as codegen/BufferDims.h gives them. Returns the
/// object's bytes or the text. Safe to call from several threads. Throws std::runtime_error with Halide's message when
/// the kernel cannot be compiled.
std::string emitKernel(const KernelSpec &kernel, const std::string &symbol, const TargetInfo &target, EmitFormat format,
                       const Autoscheduler &autoscheduler = {});

} // namespace fovea
