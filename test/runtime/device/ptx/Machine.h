// Runs a kernel: its blocks one after another, a block's threads in lockstep.
#pragma once

#include "test/runtime/device/ptx/Memory.h"
#include "test/runtime/device/ptx/Operation.h"

#include <array>

namespace ptx {

struct Launch {
  const Kernel *kernel = nullptr;
  std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1};
  size_t sharedBytes = 0;
  std::vector<uint64_t> arguments;
};

/// Throws Fault: "k, line 12 (`...`), block 0 0 0, thread 3 0 0: ...".
void run(const Launch &launch, const Memory &memory);

/// A block while it runs.
struct Block {
  const Kernel *kernel = nullptr;
  const Memory *memory = nullptr;
  const Memory::Span *lastSpan = nullptr; ///< That an access found its memory in.
  Active active;
  SharedMemory shared;
  std::vector<char> local; ///< Of each thread in turn.
};

} // namespace ptx
