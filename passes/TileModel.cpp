#include "passes/TileModel.h"

#include "passes/CostModel.h"

#include <algorithm>
#include <numeric>

namespace fovea {

namespace {

constexpr int64_t outputsOfTile = 16;

/// Images that go through a tile of channels after each other: where the whole weight does not stay in a core's cache, so
/// many as stay there beside the part of it.
int64_t imagesTogether(const KernelSpec &kernel, const OpSpec &anchor, int64_t channels, const TargetInfo &target) {
  const TensorSpec &weight = kernel.tensor(anchor.operands[1]), &image = kernel.tensor(anchor.operands[0]);
  const int64_t images = image.shape[0], most = images / target.cores;
  if (channels == anchor.results[0].block || physicalBytes(weight) <= target.l2Bytes / 2)
    return 1;
  int64_t together = std::clamp<int64_t>(target.l2Bytes / 3 * images / physicalBytes(image), 1, most);
  while (images % together != 0 || images / together % target.cores != 0)
    if (--together <= 1)
      return 1;
  return together;
}

} // namespace

bool tilesPay(int64_t images) { return images >= 8; }

int64_t narrowBlock(int64_t block, const TargetInfo &target) {
  return target.bf16Tiles && block % (2 * outputsOfTile) == 0 ? 2 * outputsOfTile : block;
}

std::string whyNoTiles(const KernelSpec &kernel, const OpSpec &anchor, const TargetInfo &target) {
  if (!target.bf16Tiles)
    return "this target has no tiles (AMX)";
  if (anchor.op != "conv2d" && anchor.op != "dense")
    return anchor.op + " is not computed by tiles";
  const TensorSpec &weight = kernel.tensor(anchor.operands[1]), &result = anchor.results[0];
  if (weight.element != ElementType::BF16)
    return "tiles compute layers of bf16";
  const int64_t groups = groupsOf(anchor);
  if (weight.block % outputsOfTile != 0 || result.block % outputsOfTile != 0 ||
      (groups > 1 && weight.shape[0] / groups % outputsOfTile != 0))
    return "tiles need channels in multiples of 16";
  const int64_t outputs = (weight.shape[0] + weight.block - 1) / weight.block * weight.block;
  for (const TensorSpec &last : kernel.ops.back().results) {
    const bool plain = last.layout == LayoutKind::Plain && last.shape.size() == 2;
    if ((!plain && (last.layout != LayoutKind::ChannelsLast || last.block != result.block)) ||
        result.block > outputs || last.shape.size() != result.shape.size())
      return "tiles need a result of the layer's channels, channels last";
  }
  for (int operand : {0, 1})
    if (anchor.operands[operand] >= int(kernel.inputs.size()))
      return "tiles need a layer that begins the kernel";
  return "";
}

std::vector<int64_t> tileChannels(const KernelSpec &kernel, const OpSpec &anchor) {
  const int64_t block = anchor.results[0].block;
  if (normalizes(kernel)) // Of all channels.
    return {block};
  std::vector<int64_t> result;
  for (int64_t channels = outputsOfTile; channels <= block; channels += outputsOfTile)
    if (block % channels == 0)
      result.push_back(channels);
  return result;
}

Schedule tileSchedule(const KernelSpec &kernel, const OpSpec &anchor, const TargetInfo &target) {
  const bool otherwise = kernel.schedule.contains("lanes") || kernel.schedule.contains("vectors"); // Somebody wrote it.
  if (otherwise || !whyNoTiles(kernel, anchor, target).empty())
    return {};
  const TensorSpec &result = anchor.results[0], &last = kernel.ops.back().results[0];
  const int64_t images = result.shape[0];
  const std::vector<int64_t> all = tileChannels(kernel, anchor);
  // Two tiles of outputs share each tile of pixels.
  int64_t channels = all.front();
  for (int64_t candidate : all)
    if (candidate <= 4 * outputsOfTile && (channels % (2 * outputsOfTile) != 0 || candidate == 2 * outputsOfTile))
      channels = candidate;
  if (result.shape.size() == 2)
    return !tilesPay(images) ? Schedule{} : Schedule{{"tile_channels", channels}, {"parallel", 1}};

  // The sums stay in the second-level cache until they are read, and there is enough for each core to do.
  const int64_t rowsOfSums = std::max<int64_t>(1, result.shape[2] / last.shape[2]);
  const int64_t rowBytes = rowsOfSums * result.shape[3] * channels * int64_t(sizeof(float));
  int64_t rows = std::clamp<int64_t>(target.l2Bytes * 5 / 8 / rowBytes, 1, last.shape[2]);
  if (images >= target.cores)
    return {{"tile_channels", channels},
            {"tile_rows", rows},
            {"tile_images", imagesTogether(kernel, anchor, channels, target)},
            {"parallel", 1}};
  const int64_t wanted = 2 * target.cores, tiles = images * (result.block / channels);
  if (tiles < wanted)
    rows = std::min(rows, std::max<int64_t>(1, (last.shape[2] * tiles + wanted - 1) / wanted));
  return {{"tile_channels", channels}, {"tile_rows", rows}, {"parallel", 2}};
}

} // namespace fovea
