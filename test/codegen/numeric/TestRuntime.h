// What kernels call, made to find mistakes: parallel loops in a chosen order, scratch memory full of NaNs, and memory
// with unmapped pages around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fovea::test {

/// How halide_do_par_for runs the iterations. A kernel's bits must not depend on it.
enum class LoopOrder { Forwards, Backwards };
extern LoopOrder loopOrder;

/// Blocks that kernels allocated and have not freed.
extern int scratchBlocks;

/// Hears of each element that a kernel compiled with Halide's `trace_stores` stores in one of its functions.
using StoreListener = std::function<void(const std::string &function, const std::vector<int> &coordinates)>;
extern StoreListener storeListener;

/// Memory aligned to 64 bytes that faults when something reaches beyond it (past the next multiple of 64 bytes).
class GuardedMemory {
public:
  explicit GuardedMemory(size_t bytes);
  ~GuardedMemory();
  GuardedMemory(GuardedMemory &&other) noexcept;
  GuardedMemory(const GuardedMemory &) = delete;

  uint8_t *data() const { return start; }
  size_t size() const { return bytes; }
  std::vector<uint8_t> copy() const { return {start, start + bytes}; }

private:
  void *mapping = nullptr;
  size_t mapped = 0, bytes = 0;
  uint8_t *start = nullptr;
};

} // namespace fovea::test
