#include "codegen/schedules/gpu/Schedules.h"

#include <algorithm>

namespace fovea {

// 128 sums, for each of which 24 operands are read: with them a thread needs some 180 registers, so that a
// multiprocessor holds ten warps. Fewer sums read more for each; a thread with fewer is for kernels that would leave
// multiprocessors idle.
GpuTile gpuTile(int64_t channels, int64_t pixels, bool exactly, int64_t elements) {
  constexpr GpuTile tiles[] = {{16, 8}, {8, 16}, {8, 8}, {8, 4}, {4, 4}, {4, 2},
                               {4, 1},  {2, 4},  {2, 1}, {1, 8}, {1, 4}, {1, 1}};
  constexpr int64_t enough = 32768; // Eight warps on each of 128 multiprocessors.
  GpuTile best;
  for (const GpuTile &tile : tiles)
    if (channels % tile.channels == 0 && (exactly ? pixels % tile.pixels == 0 : pixels >= tile.pixels)) {
      best = tile;
      if (elements / (tile.channels * tile.pixels) >= enough)
        break;
    }
  return best;
}

GpuBlock gpuBlock(int64_t across, int64_t down, int64_t most) {
  GpuBlock threads;
  threads.across = int(divisorOf(across, most));
  if (threads.across < most / 2) // A prime number of tiles.
    threads.across = int(std::min(across, most));
  threads.down = int(std::clamp<int64_t>(128 / threads.across, 1, std::min<int64_t>(down, 16)));
  return threads;
}

void scheduleGpu(ScheduledKernel &kernel) {
  const Stage *anchor = kernel.anchor();
  const std::string op = anchor ? kernel.anchorOp().op : "";
  const bool windows = !kernel.rows.empty() || kernel.normalizes();
  if ((op == "conv2d" || op == "conv2d_input_gradient") &&
      (!windows || (kernel.rows.size() == 1 && !kernel.normalizes())))
    return scheduleGpuConv2d(kernel);
  if (op == "conv2d_weight_gradient")
    return scheduleGpuConv2dWeightGradient(kernel);
  if (op == "dense" && !windows)
    return scheduleGpuDense(kernel);
  if (op == "dense_input_gradient" && !windows)
    return scheduleGpuDenseInputGradient(kernel);
  if (op == "dense_weight_gradient")
    return scheduleGpuDenseWeightGradient(kernel);
  if (!anchor && windows)
    return scheduleGpuRows(kernel);
  scheduleGpuDefault(kernel);
}

} // namespace fovea
