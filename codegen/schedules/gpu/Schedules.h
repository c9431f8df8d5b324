// How kernels are computed on a GPU, by CUDA and OpenCL alike. The kernel's anchor, its operation with the large sum,
// picks the schedule, as on a CPU; tiles are chosen here, from the shapes.
#pragma once

#include "codegen/schedules/ScheduledKernel.h"

namespace fovea {

/// What a thread computes in registers: channels (or inputs) by pixels (or images).
struct GpuTile {
  int channels = 1, pixels = 1;
};

/// The largest tile that leaves enough threads to fill a GPU. Its channels divide `channels`; its pixels divide
/// `pixels` if `exactly`, else there are at most as many.
GpuTile gpuTile(int64_t channels, int64_t pixels, bool exactly, int64_t elements);

/// Threads of a block: `across`, next to each other in memory, by `down`.
struct GpuBlock {
  int across = 1, down = 1;
};

/// A block for `across` by `down` tiles, with at most `most` across; 64 to 128 threads, or as many as there are tiles.
GpuBlock gpuBlock(int64_t across, int64_t down, int64_t most);

/// Shares a stage out to blocks of threads, each thread `lanes` elements of the innermost loop. Returns the innermost
/// loop over threads.
Halide::Var shareOut(Halide::Stage stage, int lanes = 1);

/// Floats that a thread reads and writes at once where the kernel's result lies in memory as it is computed.
int lanesOf(const ScheduledKernel &kernel);

void scheduleGpu(ScheduledKernel &kernel);

void scheduleGpuConv2d(ScheduledKernel &kernel); ///< conv2d and its input gradient
void scheduleGpuConv2dWeightGradient(ScheduledKernel &kernel);
void scheduleGpuDense(ScheduledKernel &kernel);
void scheduleGpuDenseInputGradient(ScheduledKernel &kernel);
void scheduleGpuDenseWeightGradient(ScheduledKernel &kernel);
void scheduleGpuRows(ScheduledKernel &kernel); ///< poolings and normalizations without an anchor

/// Works for every kernel: a thread for each element of what is computed, sums in a register, each helper that is read
/// more than once in memory by itself.
void scheduleGpuDefault(ScheduledKernel &kernel);

} // namespace fovea
