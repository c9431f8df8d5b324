// The kernels that programs of a model call, with what they compute counted.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

#include <string>
#include <vector>

namespace fovea::bench {

struct ModelKernel {
  std::string name; ///< "LeNet/infer_b64/conv1: conv2d+max_pool": network, function, and the kernel's name.
  std::string part; ///< "forward", "backward", "update" or "prepare"
  KernelSpec kernel;
  int64_t flops; ///< What the kernel computes; Winograd's transforms and products as they are.
  int64_t
      directFlops; ///< The same with each of Winograd's convolutions counted as direct sums, its weight for nothing.
  int64_t bytes;   ///< Operands and results, each once.
};

/// Kernels of inference for `batches` and of a training step for `trainBatch` (0: none), fused and scheduled as the
/// compiler does it by default; equal ones once. `stage` is what the file holds: "net", "ir", "opt" or "schedule"; a
/// file after "net" holds its functions, and the batches do not matter. Throws std::runtime_error when the model cannot
/// be compiled; what is wrong with it is on standard error by then.
std::vector<ModelKernel> kernelsOf(const std::string &model, const std::string &stage, const std::string &target,
                                   const std::vector<int64_t> &batches, int64_t trainBatch);

} // namespace fovea::bench
