// The kernels of Caffe's LeNet, forwards and backwards, as the passes make them.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

#include <string>
#include <vector>

namespace fovea::test {

struct NamedKernel {
  std::string name;
  KernelSpec kernel;
};

/// Inference for 1 and 64 images ("infer_b1/conv1", ...), a step for 64 ("step_b64/conv2_dw", ...) and the updates.
std::vector<NamedKernel> leNetKernels(const TargetInfo &target);

/// Floating-point operations of the convolutions, dense layers and their gradients; 0 for a kernel without one.
double flopsOf(const KernelSpec &kernel);

} // namespace fovea::test
