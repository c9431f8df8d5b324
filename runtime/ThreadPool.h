// The process's one thread pool, which the compiled kernels use for their parallel loops.
//
// A loop's indices are claimed one at a time, by the calling thread too, so which thread runs which index varies from
// run to run; kernels never let a result depend on it. Between loops the workers spin for a few tens of microseconds,
// because a small network's kernels follow one another faster than a sleeping thread wakes, and then sleep.
#pragma once

#include <cstdint>

namespace fovea {

/// Cores this process may run on.
int availableCores();

/// Cores whose time the container's quota allows; without one, a number above any machine's.
int coreQuota();

/// Threads that take part in a parallel loop, the calling one included. The first use sets it to availableCores().
int threadCount();

/// Sets the number of threads, at least 1. Not to be called while a loop runs.
void setThreadCount(int count);

/// Body of a parallel loop: 0, or an error code.
using ParallelBody = int (*)(void *context, int index, uint8_t *closure);

/// Runs `body` for each index in [min, min + size); returns 0 or the code of a body that failed. A loop inside a loop,
/// and one started while another thread's loop holds the pool, runs on the calling thread alone.
int parallelFor(ParallelBody body, void *context, int min, int size, uint8_t *closure);

/// While alive, this thread treats denormal numbers as zero (SSE's FTZ and DAZ), as the pool's workers always do:
/// a weight that decays towards zero would otherwise slow kernels down a hundredfold, and results would depend on the
/// thread that computed them.
class DenormalsAreZero {
public:
  DenormalsAreZero();
  ~DenormalsAreZero();
  DenormalsAreZero(const DenormalsAreZero &) = delete;
  DenormalsAreZero &operator=(const DenormalsAreZero &) = delete;

private:
  unsigned saved;
};

} // namespace fovea
