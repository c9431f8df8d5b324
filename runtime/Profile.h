// Time per kernel of one compiled function, measured between the calls the function makes after each kernel.
#pragma once

#include <chrono>
#include <vector>

namespace fovea {

class Device;

struct Profile {
  explicit Profile(size_t kernels) : nanoseconds(kernels) {}

  /// To be called right before the function.
  void start() { last = std::chrono::steady_clock::now(); }

  /// Nanoseconds of each kernel in the latest call.
  std::vector<int64_t> nanoseconds;
  std::chrono::steady_clock::time_point last;
  Device *device = nullptr; ///< to wait for; null on the CPU
};

} // namespace fovea
