// A kernel compiled to an object, linked to a shared library and loaded into this process.
//
// Linked by the C++ compiler, `$CXX` or c++. The process must define what kernels may call: halide_do_par_for,
// halide_malloc, halide_free, halide_error; for targets on a device all of runtime/device/HalideDevice.cpp. Anything else
// that a kernel needs and libc does not have fails the loading.
#pragma once

#include "codegen/EmitKernel.h"
#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

#include <memory>
#include <vector>

namespace fovea {

class Device;

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
  /// `device` runs a kernel for OpenCL or CUDA, and outlives this.
  LoadedKernel(const KernelSpec &kernel, const TargetInfo &target, const Autoscheduler &autoscheduler = {},
               Device *device = nullptr);
  ~LoadedKernel();
  LoadedKernel(const LoadedKernel &) = delete;

  /// Memory of the inputs, then of the results; equal addresses are the same memory. A device's own is filled from it
  /// before, and copied back after the kernel. Returns the kernel's code: 0 for success.
  int operator()(const std::vector<void *> &memory) const;

  double secondsToCompile = 0;

private:
  int runOnDevice(const std::vector<void *> &memory) const;

  struct Buffers;
  std::unique_ptr<Buffers> buffers;
  Device *device = nullptr;
  void *library = nullptr, *function = nullptr;
};

} // namespace fovea
