// The memory that a kernel can reach.
#pragma once

#include "test/runtime/device/ptx/Module.h"

#include <cstdint>

namespace ptx {

/// What one thread does that none may.
struct ThreadFault : std::runtime_error {
  ThreadFault(int thread, const std::string &what) : std::runtime_error(what), thread(thread) {}
  int thread; ///< Its number in the block.
};

/// The device's allocations.
class Memory {
public:
  struct Span {
    uint64_t begin = 0;
    size_t bytes = 0;
    char *host = nullptr;

    bool holds(uint64_t address, size_t count) const {
      return address >= begin && address - begin <= bytes && count <= bytes - (address - begin);
    }
  };

  /// Sorted by where they begin.
  std::vector<Span> spans;

  const Span *find(uint64_t address, size_t count) const;
};

/// A block's shared memory, which knows who wrote and read what since the last barrier. What a thread reads must have
/// been written, and not by another thread since that barrier; what it writes must not have been read or written by
/// another one since, but for the same value.
class SharedMemory {
public:
  /// Nothing is written yet. `granule`: bytes, the least that is read or written at once.
  void begin(size_t bytes, size_t granule);
  void barrier() { ++epoch; }

  /// The memory of [address, address + count), which `thread` reads or is to write. Throws ThreadFault.
  const char *read(uint64_t address, size_t count, int thread);
  char *write(uint64_t address, size_t count, int thread, const void *value);

private:
  static constexpr int several = -2;

  struct Granule {
    uint32_t written = 0, read = 0; ///< When: 0 is never.
    int writer = -1, reader = -1;   ///< Of the latest; `several`.
  };

  std::vector<char> bytes;
  std::vector<Granule> granules;
  size_t granule = 4;
  uint32_t epoch = 1;

  /// Where it lies, from the beginning.
  size_t checked(uint64_t address, size_t count, int thread) const;
};

/// "4 bytes at 1028".
std::string place(uint64_t address, size_t count);

} // namespace ptx
