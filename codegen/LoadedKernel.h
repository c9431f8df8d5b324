// A kernel compiled to an object, linked to a shared library and loaded into this process.
//
// Linked by the C++ compiler, `$CXX` or c++. The process must define what kernels may call: halide_do_par_for,
// halide_malloc, halide_free, halide_error. Anything else that a kernel needs and libc does not have fails the loading.
#pragma once

#include "codegen/EmitKernel.h"
#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

#include <memory>
#include <vector>

namespace fovea {

/// Memory for an operand or result while a kernel is timed. Floats are positive, so that no root or logarithm is of a
/// negative one, and differ from place to place; labels and places in windows are 0.
class KernelMemory {
public:
  /// Throws std::bad_alloc.
  explicit KernelMemory(const TensorSpec &spec);
  ~KernelMemory();
  KernelMemory(KernelMemory &&other) noexcept;

  void *data() const { return block; }

private:
  void *block;
};

class LoadedKernel {
public:
  /// Throws std::runtime_error when the kernel cannot be compiled, linked or loaded.
  LoadedKernel(const KernelSpec &kernel, const TargetInfo &target, const Autoscheduler &autoscheduler = {});
  ~LoadedKernel();
  LoadedKernel(const LoadedKernel &) = delete;

  /// Memory of the inputs, then of the results. Returns the kernel's code: 0 for success.
  int operator()(const std::vector<void *> &memory) const;

  double secondsToCompile = 0;

private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers;
  void *library = nullptr, *function = nullptr;
};

} // namespace fovea
