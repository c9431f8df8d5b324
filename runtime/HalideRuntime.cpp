// The few symbols that kernels compiled by Halide without its runtime call: parallel loops, scratch memory, errors.

#include "runtime/Memory.h"
#include "runtime/ThreadPool.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr size_t headerBytes = 64;  // keeps the block aligned to 64 bytes, and bytes before it readable
constexpr size_t trailerBytes = 64; // a vector load may read past the end
constexpr int smallestClass = 8;    // 256 bytes
constexpr int classCount = 48;

struct Block {
  Block *next;
  int sizeClass;
};

/// Freed blocks by power of two, one cache per thread: a kernel frees what it allocates on the same thread, so a loop
/// that has run once finds all its scratch memory here and takes no lock.
struct Cache {
  std::array<Block *, classCount> free{};
  ~Cache() {
    for (Block *&list : free)
      while (Block *block = list) {
        list = block->next;
        std::free(block);
      }
  }
};

thread_local Cache cache;

int fail(const char *what, int code) {
  std::fprintf(stderr, "internal error: a kernel failed: %s\n", what);
  return code;
}

} // namespace

extern "C" {

int halide_do_par_for(void *context, int (*body)(void *, int, uint8_t *), int min, int size, uint8_t *closure) {
  return fovea::parallelFor(body, context, min, size, closure);
}

int halide_do_task(void *context, int (*body)(void *, int, uint8_t *), int index, uint8_t *closure) {
  return body(context, index, closure);
}

void *halide_malloc(void *, size_t bytes) {
  if (bytes > (size_t(1) << 46))
    return nullptr;
  size_t total = bytes + headerBytes + trailerBytes;
  int sizeClass = std::bit_width(total - 1);
  sizeClass = sizeClass < smallestClass ? smallestClass : sizeClass;
  Block *block = cache.free[sizeClass];
  if (block) {
    cache.free[sizeClass] = block->next;
  } else {
    block = static_cast<Block *>(fovea::allocateAligned(int64_t(1) << sizeClass));
    if (!block)
      return nullptr;
    block->sizeClass = sizeClass;
  }
  return reinterpret_cast<char *>(block) + headerBytes;
}

void halide_free(void *, void *pointer) {
  if (!pointer)
    return;
  auto *block = reinterpret_cast<Block *>(static_cast<char *>(pointer) - headerBytes);
  block->next = cache.free[block->sizeClass];
  cache.free[block->sizeClass] = block;
}

[[gnu::weak]] void halide_error(void *, const char *message) { fail(message, 0); }
[[gnu::weak]] void halide_print(void *, const char *message) { std::fputs(message, stderr); }

// Checks that Halide compiles into a kernel unless told not to. Their arguments are left unread: the symbol's name and
// the code, which the compiled function returns, say enough about what can only be a compiler's error.
#define FOVEA_HALIDE_ERROR(NAME, CODE)                                                                                 \
  [[gnu::weak]] int halide_error_##NAME() { return fail(#NAME, CODE); }
FOVEA_HALIDE_ERROR(explicit_bounds_too_small, -2)
FOVEA_HALIDE_ERROR(bad_type, -3)
FOVEA_HALIDE_ERROR(access_out_of_bounds, -4)
FOVEA_HALIDE_ERROR(buffer_allocation_too_large, -5)
FOVEA_HALIDE_ERROR(buffer_extents_too_large, -6)
FOVEA_HALIDE_ERROR(constraints_make_required_region_smaller, -7)
FOVEA_HALIDE_ERROR(constraint_violated, -8)
FOVEA_HALIDE_ERROR(param_too_small_i64, -9)
FOVEA_HALIDE_ERROR(param_too_small_u64, -9)
FOVEA_HALIDE_ERROR(param_too_small_f64, -9)
FOVEA_HALIDE_ERROR(param_too_large_i64, -10)
FOVEA_HALIDE_ERROR(param_too_large_u64, -10)
FOVEA_HALIDE_ERROR(param_too_large_f64, -10)
FOVEA_HALIDE_ERROR(out_of_memory, -11)
FOVEA_HALIDE_ERROR(buffer_argument_is_null, -12)
FOVEA_HALIDE_ERROR(unaligned_host_ptr, -24)
FOVEA_HALIDE_ERROR(bad_fold, -25)
FOVEA_HALIDE_ERROR(fold_factor_too_small, -26)
FOVEA_HALIDE_ERROR(requirement_failed, -27)
FOVEA_HALIDE_ERROR(buffer_extents_negative, -28)
FOVEA_HALIDE_ERROR(specialize_fail, -31)
FOVEA_HALIDE_ERROR(host_is_null, -34)
FOVEA_HALIDE_ERROR(bad_extern_fold, -35)
FOVEA_HALIDE_ERROR(buffer_is_null, -38)
FOVEA_HALIDE_ERROR(bad_dimensions, -43)
FOVEA_HALIDE_ERROR(storage_bound_too_small, -45)
FOVEA_HALIDE_ERROR(split_factor_not_positive, -46)
#undef FOVEA_HALIDE_ERROR
}
