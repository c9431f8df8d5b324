// NVIDIA's driver, opened at run time, and what every device of it needs.
#pragma once

#include "runtime/device/CudaApi.h"

#include <string>

namespace fovea {

/// What kernels are compiled for (ir/TargetInfo.cpp).
constexpr int leastCapability = 80;

struct CudaDriver {
#define X(name) decltype(&::name) name = nullptr;
  FOVEA_CUDA_FUNCTIONS(X)
  FOVEA_CUDA_GRAPH_FUNCTIONS(X)
#undef X
  bool hasGraphs = true;
  std::string problem; ///< Why there is none; empty when all is well.
  int devices = 0;

  /// "invalid argument (CUDA_ERROR_INVALID_VALUE)".
  std::string text(CUresult code) const;
  /// Compute capability as a number, 86 for 8.6.
  int capabilityOf(CUdevice device) const;

private:
  friend const CudaDriver &cudaDriver();
  CudaDriver();
  void start();
};

/// Opened by the first call.
const CudaDriver &cudaDriver();

/// "8.6" of 86.
std::string capabilityText(int capability);

/// PTX of the sums and scatters that the runtime itself needs: fovea_add, sum[i] += terms[i], and fovea_zero_at,
/// floats[indices[i]] = 0, each with two addresses and a count of 64 bits.
extern const char *const cudaOwnSource;

} // namespace fovea
