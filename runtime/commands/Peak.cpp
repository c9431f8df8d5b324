#include "runtime/commands/Peak.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Memory.h"
#include "runtime/ThreadPool.h"
#include "runtime/device/Device.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fovea {

std::string processorName() {
  const std::string name = cpuModelName();
  return name.empty() ? "unknown" : name;
}

std::string machineName(const Device *device) { return device ? device->id + " (" + device->name + ")" : processorName(); }

double peakGflopsOf(const Device *device) {
  return device && device->isGpu ? device->peakGflops() : measurePeakGflops();
}

#if defined(__x86_64__)
namespace {

// Twelve independent sums hide the latency of up to 6 cycles on two units, and fit the registers.
constexpr int sums = 12, rounds = 200000;

__attribute__((target("avx512f"))) float multiplyAdd512() {
  __m512 sum[sums], a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  for (__m512 &s : sum)
    s = b;
  for (int i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (__m512 &s : sum)
      s = _mm512_fmadd_ps(s, a, b);
  __m512 total = sum[0]; // Into sum[0] itself, and the compiler keeps that one in memory all along.
  for (__m512 &s : sum)
    total = _mm512_add_ps(total, s);
  return _mm512_cvtss_f32(total);
}

__attribute__((target("avx2,fma"))) float multiplyAdd256() {
  __m256 sum[sums], a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (__m256 &s : sum)
    s = b;
  for (int i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (__m256 &s : sum)
      s = _mm256_fmadd_ps(s, a, b);
  __m256 total = sum[0]; // Into sum[0] itself, and the compiler keeps that one in memory all along.
  for (__m256 &s : sum)
    total = _mm256_add_ps(total, s);
  return _mm256_cvtss_f32(total);
}

} // namespace

double measurePeakGflops() {
  bool wide = __builtin_cpu_supports("avx512f");
  if (!wide && !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")))
    return 0;
  auto body = [](void *wide, int, uint8_t *sink) {
    *reinterpret_cast<volatile float *>(sink) = *static_cast<bool *>(wide) ? multiplyAdd512() : multiplyAdd256();
    return 0;
  };
  int threads = threadCount();
  float sink = 0;
  double best = 0;
  for (int attempt = 0; attempt < 20; ++attempt) {
    auto start = std::chrono::steady_clock::now();
    parallelFor(body, &wide, 0, threads, reinterpret_cast<uint8_t *>(&sink));
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, 2.0 * (wide ? 16 : 8) * sums * rounds * threads / seconds * 1e-9);
  }
  return best;
}

#else

double measurePeakGflops() { return 0; }

#endif

double measureReadGbytes() {
  constexpr size_t bytes = size_t(512) << 20, chunk = size_t(4) << 20, words = chunk / sizeof(uint64_t);
  struct Block {
    AlignedFloats memory; // As a session has it, for huge pages read faster.
    uint64_t sums[bytes / chunk] = {};
  } block;
  block.memory.resize(bytes / sizeof(float));
  std::memset(block.memory.data(), 1, bytes); // Pages that were never written are all the same one, and stay in a cache.
  auto body = [](void *context, int index, uint8_t *) {
    auto *block = static_cast<Block *>(context);
    const auto *from = reinterpret_cast<const uint64_t *>(block->memory.data()) + index * words;
    uint64_t sum[8] = {};
    for (size_t word = 0; word < words; word += 8)
      for (int lane = 0; lane < 8; ++lane)
        sum[lane] += from[word + lane];
    for (uint64_t part : sum)
      block->sums[index] += part;
    return 0;
  };
  double best = 0;
  for (int attempt = 0; attempt < 8; ++attempt) {
    auto start = std::chrono::steady_clock::now();
    parallelFor(body, &block, 0, int(bytes / chunk), nullptr);
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, double(bytes) / seconds * 1e-9);
  }
  volatile uint64_t sink = block.sums[0]; // What nobody reads need not be computed.
  (void)sink;
  return best;
}

} // namespace fovea
