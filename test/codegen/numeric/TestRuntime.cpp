#include "test/codegen/numeric/TestRuntime.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace fovea::test {

LoopOrder loopOrder = LoopOrder::Forwards;
int scratchBlocks = 0;
StoreListener storeListener;

GuardedMemory::GuardedMemory(size_t bytes) : bytes(bytes) {
  const size_t page = size_t(sysconf(_SC_PAGESIZE));
  const size_t rounded = (bytes + 63) / 64 * 64, pages = (rounded + page - 1) / page * page;
  mapped = pages + 2 * page;
  mapping = mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    throw std::bad_alloc();
  auto *first = static_cast<uint8_t *>(mapping) + page;
  if (mprotect(first, pages, PROT_READ | PROT_WRITE) != 0)
    throw std::bad_alloc();
  std::memset(first, 0xff, pages); // NaNs.
  start = first + pages - rounded;
}

GuardedMemory::GuardedMemory(GuardedMemory &&other) noexcept
    : mapping(std::exchange(other.mapping, nullptr)), mapped(other.mapped), bytes(other.bytes), start(other.start) {}

GuardedMemory::~GuardedMemory() {
  if (mapping)
    munmap(mapping, mapped);
}

} // namespace fovea::test

extern "C" {

int halide_do_par_for(void *context, int (*body)(void *, int, uint8_t *), int min, int size, uint8_t *closure) {
  for (int step = 0; step < size; ++step) {
    const int index = fovea::test::loopOrder == fovea::test::LoopOrder::Forwards ? step : size - 1 - step;
    if (const int code = body(context, min + index, closure))
      return code;
  }
  return 0;
}

void *halide_malloc(void *, size_t bytes) {
  const size_t rounded = (bytes + 64 + 63) / 64 * 64;
  void *block = std::aligned_alloc(64, rounded);
  if (block) {
    std::memset(block, 0xff, rounded);
    ++fovea::test::scratchBlocks;
  }
  return block;
}

void halide_free(void *, void *block) {
  fovea::test::scratchBlocks -= block != nullptr;
  std::free(block);
}

/// A vector's coordinates come lane by lane: x0 x1 ... y0 y1 ...
int halide_trace_helper(void *, const char *function, void *, int *coordinates, int, int, int lanes, int event, int,
                        int, int dimensions, const char *) {
  constexpr int store = 1; // halide_trace_store
  if (event != store || !fovea::test::storeListener)
    return 0;
  const int size = dimensions / lanes;
  for (int lane = 0; lane < lanes; ++lane) {
    std::vector<int> at;
    for (int dim = 0; dim < size; ++dim)
      at.push_back(coordinates[dim * lanes + lane]);
    fovea::test::storeListener(function, at);
  }
  return 0;
}

void halide_error(void *, const char *message) { std::fprintf(stderr, "halide_error: %s\n", message); }
}
