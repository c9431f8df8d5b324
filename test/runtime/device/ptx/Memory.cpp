#include "test/runtime/device/ptx/Memory.h"

#include "test/runtime/device/ptx/Kernel.h"

#include <algorithm>
#include <cstring>

namespace ptx {

std::string place(uint64_t address, size_t count) {
  return std::to_string(count) + (count == 1 ? " byte at " : " bytes at ") + std::to_string(address);
}

const Memory::Span *Memory::find(uint64_t address, size_t count) const {
  const auto after = std::upper_bound(spans.begin(), spans.end(), address,
                                      [](uint64_t at, const Span &span) { return at < span.begin; });
  return after != spans.begin() && std::prev(after)->holds(address, count) ? &*std::prev(after) : nullptr;
}

void SharedMemory::begin(size_t size, size_t least) {
  granule = least;
  bytes.assign(size, char(0xA5));
  granules.assign((size + least - 1) / least, {});
  epoch = 1;
}

size_t SharedMemory::checked(uint64_t address, size_t count, int thread) const {
  if (address < sharedBase || address - sharedBase > bytes.size() || count > bytes.size() - (address - sharedBase))
    throw ThreadFault(thread, "the block's shared memory, " + place(sharedBase, bytes.size()) + ", does not hold " +
                                  place(address, count));
  return address - sharedBase;
}

const char *SharedMemory::read(uint64_t address, size_t count, int thread) {
  const size_t at = checked(address, count, thread);
  for (size_t index = at / granule; index * granule < at + count; ++index) {
    Granule &part = granules[index];
    if (!part.written)
      throw ThreadFault(thread, "shared memory is read that was not written: " + place(address, count));
    if (part.written == epoch && part.writer != thread)
      throw ThreadFault(thread, "shared memory is read that thread " + std::to_string(part.writer) +
                                    " of the block wrote, with no barrier between: " + place(address, count));
    part.reader = part.read == epoch && part.reader != thread ? several : thread;
    part.read = epoch;
  }
  return bytes.data() + at;
}

char *SharedMemory::write(uint64_t address, size_t count, int thread, const void *value) {
  const size_t at = checked(address, count, thread);
  const bool changes = std::memcmp(bytes.data() + at, value, count);
  for (size_t index = at / granule; index * granule < at + count; ++index) {
    Granule &part = granules[index];
    if (part.written == epoch && part.writer != thread && changes)
      throw ThreadFault(thread, "shared memory is written that thread " + std::to_string(part.writer) +
                                    " of the block wrote otherwise, with no barrier between: " + place(address, count));
    if (part.read == epoch && part.reader != thread)
      throw ThreadFault(thread,
                        "shared memory is written that " +
                            (part.reader == several ? "other threads" : "thread " + std::to_string(part.reader)) +
                            " of the block read, with no barrier between: " + place(address, count));
    part.writer = thread;
    part.written = epoch;
  }
  return bytes.data() + at;
}

} // namespace ptx
