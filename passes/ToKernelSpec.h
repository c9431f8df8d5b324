// From a `cnn.kernel` to the plain struct that the cost model and the code generator read.
#pragma once

#include "ir/Cnn.h"
#include "ir/KernelSpec.h"

namespace fovea {

/// The tensor's shape, element type and layout.
TensorSpec toTensorSpec(mlir::RankedTensorType type);

/// The kernel's operations, its schedule included if it has one. Names and locations are left out: kernels that compute
/// the same are equal.
KernelSpec toKernelSpec(cnn::KernelOp kernel);

/// Floating-point operations of all the kernel's operations; a multiply-add counts as two.
int64_t kernelFlops(cnn::KernelOp kernel);

/// Bytes of the kernel's operands and results, each once, padding lanes included: what must go through memory at least.
int64_t kernelBytes(cnn::KernelOp kernel);

} // namespace fovea
