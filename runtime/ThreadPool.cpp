#include "runtime/ThreadPool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <sched.h>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fovea {
namespace {

constexpr unsigned flushToZeroAndDenormalsAreZero = 0x8040;

unsigned readControl() {
#if defined(__x86_64__)
  return _mm_getcsr();
#else
  return 0;
#endif
}

void writeControl([[maybe_unused]] unsigned value) {
#if defined(__x86_64__)
  _mm_setcsr(value);
#endif
}

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

/// Waits a moment at a time until `limit` has passed. Looks at the clock only now and then.
class Spin {
public:
  explicit Spin(std::chrono::nanoseconds limit) : limit(limit) {}

  /// True when it is time to sleep.
  bool once() {
    using Clock = std::chrono::steady_clock;
    pause();
    if (++count % 64 != 0)
      return false;
    if (count == 64)
      start = Clock::now();
    return Clock::now() - start >= limit;
  }

private:
  std::chrono::nanoseconds limit;
  std::chrono::steady_clock::time_point start;
  unsigned count = 0;
};

/// True on a thread that is inside a parallel loop.
thread_local bool insideLoop = false;

/// One loop at a time is published. `ticket` holds its generation (high half) and the indices left (low half); a thread
/// claims one by lowering the low half. The other fields are written before a ticket is published and not again before
/// all its indices are claimed, so a thread whose claim succeeds has read the fields of that loop.
class Pool {
public:
  Pool() { resize(availableCores()); }
  ~Pool() { stop(); }

  int size() const { return static_cast<int>(workers.size()) + 1; }

  void resize(int count) {
    std::lock_guard<std::mutex> lock(owner);
    stop();
    // Threads that outnumber the cores would spin in the way of those that work.
    spinTime = count <= availableCores() ? std::chrono::microseconds(50) : std::chrono::microseconds(0);
    stopping = false;
    for (int i = 1; i < count; ++i)
      workers.emplace_back([this, seen = generation.load()] { work(seen); });
  }

  int run(ParallelBody f, void *uc, int lo, int n, uint8_t *data) {
    if (n <= 0)
      return 0;
    std::unique_lock<std::mutex> lock(owner, std::defer_lock);
    if (n == 1 || workers.empty() || insideLoop || !lock.try_lock())
      return serial(f, uc, lo, n, data);

    body.store(f, std::memory_order_relaxed);
    context.store(uc, std::memory_order_relaxed);
    end.store(lo + n, std::memory_order_relaxed);
    closure.store(data, std::memory_order_relaxed);
    error.store(0, std::memory_order_relaxed);
    pending.store(n, std::memory_order_relaxed);
    uint32_t now = generation.load(std::memory_order_relaxed) + 1;
    ticket.store(uint64_t(now) << 32 | uint32_t(n), std::memory_order_release);
    generation.store(now, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst) > 0)
      generation.notify_all();

    insideLoop = true;
    while (claimAndRun()) {
    }
    insideLoop = false;
    waitForOthers();
    return error.load(std::memory_order_relaxed);
  }

private:
  static int serial(ParallelBody f, void *uc, int lo, int n, uint8_t *data) {
    for (int i = lo; i < lo + n; ++i)
      if (int code = f(uc, i, data))
        return code;
    return 0;
  }

  bool claimAndRun() {
    uint64_t old = ticket.load(std::memory_order_acquire);
    ParallelBody f;
    void *uc;
    uint8_t *data;
    int index;
    do {
      uint32_t left = static_cast<uint32_t>(old);
      if (left == 0)
        return false;
      f = body.load(std::memory_order_relaxed);
      uc = context.load(std::memory_order_relaxed);
      data = closure.load(std::memory_order_relaxed);
      index = end.load(std::memory_order_relaxed) - static_cast<int>(left);
    } while (!ticket.compare_exchange_weak(old, old - 1, std::memory_order_acq_rel, std::memory_order_acquire));
    if (int code = f(uc, index, data))
      error.store(code, std::memory_order_relaxed);
    if (pending.fetch_sub(1, std::memory_order_acq_rel) == 1)
      pending.notify_one();
    return true;
  }

  void waitForOthers() {
    Spin spin(spinTime);
    while (int left = pending.load(std::memory_order_acquire)) {
      if (spin.once())
        pending.wait(left, std::memory_order_acquire);
    }
  }

  void work(uint32_t seen) {
    insideLoop = true;
    writeControl(readControl() | flushToZeroAndDenormalsAreZero);
    while (true) {
      Spin spin(spinTime);
      while (generation.load(std::memory_order_acquire) == seen) {
        if (!spin.once())
          continue;
        sleepers.fetch_add(1, std::memory_order_seq_cst);
        generation.wait(seen, std::memory_order_seq_cst);
        sleepers.fetch_sub(1, std::memory_order_relaxed);
      }
      seen = generation.load(std::memory_order_acquire);
      if (stopping)
        return;
      while (claimAndRun()) {
      }
    }
  }

  void stop() {
    stopping = true;
    generation.fetch_add(1, std::memory_order_seq_cst);
    generation.notify_all();
    for (std::thread &worker : workers)
      worker.join();
    workers.clear();
  }

  std::mutex owner; ///< Held by the thread whose loop is running.
  std::vector<std::thread> workers;
  std::chrono::nanoseconds spinTime{0};
  std::atomic<bool> stopping{false};

  // The worker's two words, the loop's description and the count of the finished lie on cache lines of their own.
  alignas(64) std::atomic<uint32_t> generation{0};
  std::atomic<int> sleepers{0};
  alignas(64) std::atomic<uint64_t> ticket{0};
  alignas(64) std::atomic<ParallelBody> body{nullptr};
  std::atomic<void *> context{nullptr};
  std::atomic<uint8_t *> closure{nullptr};
  std::atomic<int> end{0};
  std::atomic<int> error{0};
  alignas(64) std::atomic<int> pending{0};
};

Pool &pool() {
  static Pool instance;
  return instance;
}

} // namespace

int availableCores() {
  static const int cores = [] {
    int count = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
      count = std::max(1, CPU_COUNT(&set));
    return std::min(count, coreQuota());
  }();
  return cores;
}

int coreQuota() {
  int count = 1 << 20;
  // A container may be given less time than it has cores: "<microseconds per period> <period>".
  if (FILE *file = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {
    long quota = 0, period = 0;
    if (std::fscanf(file, "%ld %ld", &quota, &period) == 2 && quota > 0 && period > 0)
      count = static_cast<int>(std::clamp<long>((quota + period - 1) / period, 1, count));
    std::fclose(file);
  }
  return count;
}

int threadCount() { return pool().size(); }

void setThreadCount(int count) {
  count = count < 1 ? 1 : count;
  if (count != pool().size())
    pool().resize(count);
}

int parallelFor(ParallelBody body, void *context, int min, int size, uint8_t *closure) {
  return pool().run(body, context, min, size, closure);
}

DenormalsAreZero::DenormalsAreZero() : saved(readControl()) { writeControl(saved | flushToZeroAndDenormalsAreZero); }
DenormalsAreZero::~DenormalsAreZero() { writeControl(saved); }

} // namespace fovea
