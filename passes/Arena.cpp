#include "passes/Arena.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace fovea {

int64_t alignedBytes(int64_t bytes, int64_t alignment) { return (bytes + alignment - 1) / alignment * alignment; }

namespace {

bool liveTogether(const ArenaBuffer &a, const ArenaBuffer &b) { return a.first <= b.last && b.first <= a.last; }

/// Best fit: the smallest gap between the already placed buffers that live at the same time, else behind them all.
int64_t bestOffset(const ArenaBuffer &buffer, const std::vector<const ArenaBuffer *> &placed) {
  std::vector<const ArenaBuffer *> rivals;
  for (const ArenaBuffer *other : placed)
    if (liveTogether(buffer, *other))
      rivals.push_back(other);
  std::sort(rivals.begin(), rivals.end(),
            [](const ArenaBuffer *a, const ArenaBuffer *b) { return a->offset < b->offset; });

  const int64_t wanted = buffer.bytes;
  int64_t best = -1, bestGap = std::numeric_limits<int64_t>::max(), end = 0;
  for (const ArenaBuffer *rival : rivals) {
    const int64_t gap = rival->offset - end;
    if (gap >= wanted && gap < bestGap) {
      best = end;
      bestGap = gap;
    }
    end = std::max(end, rival->offset + rival->bytes);
  }
  return best >= 0 ? best : end;
}

/// Places the buffers in the given order and returns the size of the block.
int64_t place(std::vector<ArenaBuffer> &buffers, const std::vector<size_t> &order) {
  std::vector<const ArenaBuffer *> placed;
  int64_t bytes = 0;
  for (size_t index : order) {
    ArenaBuffer &buffer = buffers[index];
    buffer.offset = bestOffset(buffer, placed);
    placed.push_back(&buffer);
    bytes = std::max(bytes, buffer.offset + buffer.bytes);
  }
  return bytes;
}

int64_t mostLiveBytes(const std::vector<ArenaBuffer> &buffers) {
  // The maximum is reached where some buffer begins.
  int64_t most = 0;
  for (const ArenaBuffer &begin : buffers) {
    int64_t live = 0;
    for (const ArenaBuffer &buffer : buffers)
      if (buffer.first <= begin.first && begin.first <= buffer.last)
        live += buffer.bytes;
    most = std::max(most, live);
  }
  return most;
}

} // namespace

ArenaPlan planArena(std::vector<ArenaBuffer> &buffers, bool reuse, int64_t alignment) {
  ArenaPlan plan;
  for (ArenaBuffer &buffer : buffers) {
    buffer.bytes = alignedBytes(buffer.bytes, alignment);
    buffer.offset = plan.unplannedBytes;
    plan.unplannedBytes += buffer.bytes;
  }
  plan.liveBytes = mostLiveBytes(buffers);
  plan.bytes = plan.unplannedBytes;
  if (!reuse)
    return plan;

  // Large buffers first leaves the small ones to fill the gaps; in the order of the steps suits chains, where each
  // buffer follows the one before. Neither is always better, both are cheap: keep the smaller block.
  std::vector<size_t> bySize(buffers.size());
  std::iota(bySize.begin(), bySize.end(), 0);
  std::vector<size_t> byTime = bySize;
  std::stable_sort(bySize.begin(), bySize.end(),
                   [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  std::stable_sort(byTime.begin(), byTime.end(),
                   [&](size_t a, size_t b) { return buffers[a].first < buffers[b].first; });
  std::vector<ArenaBuffer> chronological = buffers;
  plan.bytes = place(buffers, bySize);
  const int64_t chronologicalBytes = place(chronological, byTime);
  if (chronologicalBytes < plan.bytes) {
    buffers = std::move(chronological);
    plan.bytes = chronologicalBytes;
  }
  return plan;
}

} // namespace fovea
