#include "passes/CostModel.h"

#include "passes/MachineModel.h"
#include "passes/TileModel.h"
#include "passes/TilingCost.h"
#include "passes/WinogradModel.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace fovea {

namespace {

int64_t roundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

/// The tile of a dense layer's weight gradient that its update follows. It is as wide as the block, so that weights and
/// momentum are read from end to end, which the CPU foresees: a narrower tile has more sums, but waits at each end.
/// It divides the inputs, because tiles must not overlap.
RegisterTile updateTile(int64_t vectorsInBlock, int64_t inputs, const TargetInfo &target) {
  const int64_t broadcast = target.memoryBroadcast ? 0 : 1;
  RegisterTile tile{vectorsInBlock, 1};
  for (int64_t count = 2; count <= std::min<int64_t>(inputs, 16); ++count)
    if (inputs % count == 0 && vectorsInBlock * (count + 1) + broadcast <= target.vectorRegisters - 1)
      tile.pixels = count;
  return tile;
}

int64_t elementsOf(const TensorSpec &tensor) {
  int64_t product = 1;
  for (int64_t extent : tensor.shape)
    product *= extent;
  return product;
}

/// Whether the kernel ends in the update of a parameter, whose new value overwrites the old.
bool updatesInPlace(const KernelSpec &kernel) { return kernel.ops.back().op == "sgd_update"; }

/// Whether an operation reads the elements around each one.
bool readsNeighbours(const KernelSpec &kernel) {
  return std::any_of(kernel.ops.begin(), kernel.ops.end(), [](const OpSpec &op) {
    return op.op.starts_with("max_pool") || op.op == "avg_pool" || op.op.starts_with("lrn");
  });
}

/// Threads share the images, or the rows of an image where there are fewer images than cores.
Schedule stripsFor(const KernelSpec &kernel, const TargetInfo &target) {
  const TensorSpec &last = kernel.ops.back().results[0];
  if (last.shape.size() != 4 || last.shape[0] >= target.cores)
    return {};
  const int64_t strips = std::min<int64_t>(last.shape[2], (target.cores + last.shape[0] - 1) / last.shape[0]);
  return {{"rows", (last.shape[2] + strips - 1) / strips}};
}

/// The largest divisor of `vectors` that a register tile may use. A large block that a tile cannot use as a whole is
/// split by the schedule; a prime count stays as it is.
int64_t vectorsInBlock(int64_t vectors, const TargetInfo &target) {
  const int64_t most = target.vectorRegisters >= 32 ? 8 : 4;
  int64_t best = 1;
  for (int64_t candidate = 1; candidate <= std::min(vectors, most); ++candidate)
    if (vectors % candidate == 0)
      best = candidate;
  return best;
}

/// How far apart the images lie in what a dense layer reads.
int64_t bytesBetweenImages(const TensorSpec &x) { return physicalBytes(x) / x.shape[0]; }

/// The schedule of a dense layer whose tiles of weight do not fit the L1 cache, so that they are cut into blocks of inputs
/// that do; empty where they fit, or no tile of rows divides the images.
Schedule blockedDense(const KernelSpec &kernel, const OpSpec &op, const TargetInfo &machine) {
  const TargetInfo target = machine.withWidestVectors();
  const TensorSpec &weight = kernel.tensor(op.operands[1]);
  const int64_t lanes = vectorOf(weight.block, target), images = op.results[0].shape[0];
  const int64_t most = rowsInCache(bytesBetweenImages(kernel.tensor(op.operands[0])), target);
  const RegisterTile tile = bestTile(weight.block / lanes, images, target, true, most);
  const bool narrow = weight.element == ElementType::BF16;
  const int64_t column = tile.vectors * lanes * (narrow ? 2 : 4), inputs = elementsOf(weight) / weight.shape[0];
  if (inputs * column <= target.l2Bytes / 4 || tile.vectors * tile.pixels < 2 * target.fmaLatency ||
      kernel.ops.back().results[0].shape.size() != 2)
    return {};
  int64_t block = std::max<int64_t>(1, target.l1Bytes / 2 / column); // The rest is for the images.
  while (weight.spatial[0] % block != 0 || (narrow && block % 2 != 0 && block > 1))
    --block;
  if (block < 32)
    return {};
  return {{"lanes", lanes}, {"vectors", tile.vectors}, {"rows", tile.pixels}, {"block", block}, {"parallel", 1}};
}

/// Blocks of outputs that a core reads side by side, of a weight that comes from memory for one image: with several
/// streams it asks for more at a time. As many tasks are left as feed all cores alike.
int64_t streamsOf(const TensorSpec &weight, const TargetInfo &target) {
  constexpr int64_t most = 8;
  const int64_t blocks = roundUp(weight.shape[0], weight.block) / weight.block;
  if (physicalBytes(weight) <= target.l2Bytes * target.cores)
    return 1;
  for (int64_t streams = most; streams > 1; --streams)
    if (blocks % (streams * target.cores) == 0)
      return streams;
  return 1;
}

/// How far apart the pixels of a row lie in what the convolution reads.
int64_t bytesBetweenPixels(const KernelSpec &kernel, const OpSpec &anchor) {
  const TensorSpec &x = kernel.tensor(anchor.operands[0]);
  auto stride = anchor.attributes.find("stride");
  const bool steps = stride != anchor.attributes.end() && anchor.op == "conv2d";
  return (steps ? std::get<std::vector<int64_t>>(stride->second)[1] : 1) * x.block *
         (x.element == ElementType::BF16 ? 2 : 4);
}

/// Of a dense layer's input gradient: outputs in a block of the sum, whole blocks of the weight; 0 where the weights of
/// `inputs` inputs stay in the L1 cache anyway, or those of a block's tile in a small part of a large L2 cache (of 2 MB on
/// two cores of an Intel Xeon: AlexNet's fc6 takes 0.72 of the time at batch 128), or blocks are no better.
int64_t outputsOfBlock(const TensorSpec &weight, int64_t inputs, const TargetInfo &target) {
  const int64_t blocks = roundUp(weight.shape[0], weight.block) / weight.block;
  int64_t perBlock = std::clamp<int64_t>(256 / weight.block, 1, blocks);
  while (blocks % perBlock != 0)
    --perBlock;
  const int64_t ofInput = blocks * weight.block * int64_t(sizeof(float));
  const bool fitsAnyway = inputs * ofInput < target.l1Bytes || 8 * ofInput < target.l2Bytes / 8;
  return fitsAnyway || perBlock * weight.block < 128 ? 0 : perBlock * weight.block;
}

/// An unshared convolution: each pixel is a dense layer of its own, over the batch.
Schedule localSchedule(const KernelSpec &kernel, const OpSpec &op, const TargetInfo &target) {
  const TensorSpec &result = op.results[0];
  const int64_t images = kernel.tensor(op.operands[0]).shape[0];
  if (op.op == "local_bias_gradient")
    return {{"lanes", vectorOf(result.block, target)}};
  if (op.op == "local_weight_gradient") {
    const int64_t lanes = vectorOf(result.block, target);
    const RegisterTile tile = bestTile(result.block / lanes, result.shape[3], target, updatesInPlace(kernel));
    return {{"lanes", lanes}, {"vectors", tile.vectors}, {"taps", tile.pixels}};
  }
  const TensorSpec &weight = kernel.tensor(op.operands[1]);
  const int64_t lanes = vectorOf(weight.block, target), parallel = elementsOf(weight) * images > 100000;
  if (op.op == "local_input_gradient") {
    const int64_t inputs = std::min<int64_t>(vectorOf(result.block, target), target.vectorRegisters >= 32 ? 8 : 4);
    const int64_t sums = target.vectorRegisters >= 32 ? 24 : 12;
    return {{"lanes", lanes},
            {"inputs", inputs},
            {"rows", std::clamp<int64_t>(sums / inputs, 1, std::min<int64_t>(images, 12))},
            {"parallel", parallel}};
  }
  const RegisterTile tile = bestTile(weight.block / lanes, images, target);
  return {{"lanes", lanes}, {"vectors", tile.vectors}, {"rows", tile.pixels}, {"parallel", parallel}};
}

/// The register tile of a convolution. Of few pixels, its weights' bytes count: a tile as wide as the weight's block reads
/// them in one stream, a narrower one with gaps, of which less is fetched ahead of time.
RegisterTile convolutionTile(const TensorSpec &weight, double multiplyAdds, int64_t lanes, int64_t width, int64_t most,
                             const TargetInfo &target) {
  const int64_t vectors = weight.block / lanes, broadcast = target.memoryBroadcast ? 0 : 1;
  const RegisterTile best = bestTile(vectors, width, target, false, most);
  const double bytes = double(physicalBytes(weight)), products = multiplyAdds / (2 * target.vectorLanes);
  if (bytes <= target.l2Bytes / 4)
    return best;
  const auto cycles = [&](RegisterTile tile) {
    const double bytesPerCycle = tile.vectors == vectors ? 2 * memoryBytes : 0.7 * memoryBytes;
    return products / tileScore(tile, width, target) + bytes / bytesPerCycle;
  };
  RegisterTile chosen = best;
  const int64_t fewest = std::max<int64_t>(1, 3 * target.fmaLatency / vectors); // More sums than just enough in flight.
  for (int64_t pixels = fewest; pixels <= std::min(width, most); ++pixels)
    if (vectors * (pixels + 1) + broadcast <= target.vectorRegisters - 1 && cycles({vectors, pixels}) < cycles(chosen))
      chosen = {vectors, pixels};
  return chosen;
}

/// The schedule of a convolution with this register tile, and who computes what.
Schedule distributed(const KernelSpec &kernel, const OpSpec &anchor, Schedule schedule, const TargetInfo &target) {
  const TensorSpec &result = anchor.results[0], &weight = kernel.tensor(anchor.operands[1]);
  KernelSpec tiled = kernel;
  for (const auto &[key, value] : schedule)
    tiled.schedule[key] = value;
  if (distributesAlone(tiled)) {
    const PoolTiling tiling = chooseTiling(tiled, target);
    schedule["parallel"] = tiling.parallel;
    schedule["rows"] = tiling.rows;
    return schedule;
  }
  // An input gradient; or a kernel with a pooling, for which cnn-tile-pooling knows better.
  const TensorSpec &last = kernel.ops.back().results[0];
  const int64_t tile = schedule["lanes"] * schedule["vectors"], images = result.shape[0];
  const int64_t blocks = roundUp(result.shape[1], tile) / tile;
  const int64_t work = elementsOf(result) * elementsOf(weight) / weight.shape[anchor.op == "conv2d" ? 0 : 1];
  schedule["parallel"] = 0;
  if (images >= 2 && work > 100000)
    schedule["parallel"] = 1;
  else if (work > 400000)
    schedule["parallel"] = blocks >= 2 && !normalizes(kernel) ? 2 : 3;
  const int64_t outRows = last.shape.size() == 4 ? last.shape[2] : 1;
  schedule["rows"] = std::max<int64_t>(1, (outRows + target.cores - 1) / std::max(1, target.cores));
  return schedule;
}

} // namespace

bool normalizes(const KernelSpec &kernel) {
  return std::any_of(kernel.ops.begin(), kernel.ops.end(), [](const OpSpec &op) { return op.op == "lrn"; });
}

int64_t groupsOf(const OpSpec &anchor) {
  auto found = anchor.attributes.find("groups");
  return found == anchor.attributes.end() ? 1 : std::get<int64_t>(found->second);
}

int64_t rowsInCache(int64_t bytesApart, const TargetInfo &target) {
  constexpr int64_t wayBytes = 4096, lineBytes = 64; // A page, on every x86-64 with an L1 cache that is indexed by it.
  const int64_t sets = std::max<int64_t>(1, wayBytes / std::max(lineBytes, std::gcd(wayBytes, bytesApart)));
  return std::clamp<int64_t>((target.l1Bytes / wayBytes - 1) * sets, 1, 16);
}

double tileScore(RegisterTile tile, int64_t pixels, const TargetInfo &target) {
  const int64_t sums = tile.vectors * tile.pixels;
  const double busy = std::min(1.0, double(sums) / (2 * target.fmaLatency));
  const double useful = double(pixels) / double(roundUp(pixels, tile.pixels));
  const double loads = double(tile.vectors + tile.pixels) / double(sums); // Per FMA; two loads a cycle feed two FMAs.
  const double fed = 1.0 / std::max(1.0, loads + 0.1 * loads);
  return busy * useful * fed / (1 + 0.15 * loads);
}

// The tile with the best share of useful work. Registers hold vectors * pixels sums, `vectors` weights and one
// broadcast; fewer sums than both FMA units have in flight wait for their results; a tile that does not divide the
// pixels computes some twice, which `exactly` forbids; and each step loads vectors + pixels operands for vectors *
// pixels FMAs.
RegisterTile bestTile(int64_t vectorsInBlock, int64_t pixels, const TargetInfo &target, bool exactly, int64_t most) {
  RegisterTile best;
  double bestScore = 0;
  const int64_t broadcast = target.memoryBroadcast ? 0 : 1;
  for (int64_t vectors = 1; vectors <= std::min<int64_t>(vectorsInBlock, 8); ++vectors) {
    if (vectorsInBlock % vectors != 0)
      continue;
    for (int64_t count = 1; count <= std::min(pixels, most); ++count) {
      const int64_t sums = vectors * count;
      if (exactly && pixels % count != 0)
        continue;
      if (sums + vectors + broadcast > target.vectorRegisters - 1)
        break;
      const double score = tileScore({vectors, count}, pixels, target);
      if (score > bestScore || (score == bestScore && vectors > best.vectors)) { // Vectors follow each other in memory.
        bestScore = score;
        best = {vectors, count};
      }
    }
  }
  return best;
}

int64_t vectorOf(int64_t paddedExtent, const TargetInfo &target) {
  int64_t lanes = 1;
  while (lanes * 2 <= target.vectorLanes && paddedExtent % (lanes * 2) == 0)
    lanes *= 2;
  return lanes;
}

int64_t lanesFor(int64_t channels, const TargetInfo &target) {
  if (channels <= 3)
    return 1;
  int64_t lanes = 4;
  while (lanes * 2 <= target.vectorLanes && lanes < channels)
    lanes *= 2;
  return lanes;
}

int64_t paddedChannels(int64_t channels, const TargetInfo &target) {
  return roundUp(channels, lanesFor(channels, target));
}

int64_t blockFor(int64_t outputChannels, const TargetInfo &target) {
  const int64_t lanes = lanesFor(outputChannels, target);
  return lanes * vectorsInBlock(paddedChannels(outputChannels, target) / lanes, target);
}

int64_t groupBlockFor(int64_t channelsOfGroup, const TargetInfo &target) {
  const int64_t lanes = vectorOf(channelsOfGroup, target);
  return lanes * vectorsInBlock(channelsOfGroup / lanes, target);
}

const OpSpec *anchorOf(const KernelSpec &kernel) {
  static const std::set<std::string> others = {"conv2d",          "dense",      "winograd_conv2d",           "local",
                                               "local_bias_gradient", "bias_gradient", "scale_coefficient_gradient",
                                               "batch_statistics", "batch_norm_sums"};
  for (const OpSpec &op : kernel.ops)
    if (others.contains(op.op) || op.op.ends_with("input_gradient") || op.op.ends_with("weight_gradient"))
      return op.op == "rbf_input_gradient" || op.op == "batch_norm_input_gradient" ? nullptr : &op;
  return nullptr;
}

int64_t tileColumns(const KernelSpec &kernel, const OpSpec &anchor) {
  const TensorSpec &result = anchor.results[0], &last = kernel.ops.back().results[0];
  int64_t width = result.shape[3];
  if (last.shape.size() == 4 && last.shape[3] != width)
    for (const OpSpec &op : kernel.ops)
      if (op.attributes.contains("kernel")) {
        auto size = std::get<std::vector<int64_t>>(op.attributes.at("kernel"));
        auto stride = op.attributes.contains("stride") ? std::get<std::vector<int64_t>>(op.attributes.at("stride")) : size;
        width = std::min(width, (last.shape[3] - 1) * stride[1] + size[1]);
      }
  return width;
}

Schedule chooseSchedule(const KernelSpec &kernel, const TargetInfo &target) {
  const OpSpec *anchor = anchorOf(kernel);
  if (!anchor)
    return readsNeighbours(kernel) ? stripsFor(kernel, target) : Schedule{};
  const TensorSpec &result = anchor->results[0];
  const KernelSpec &k = kernel;
  if (anchor->op.starts_with("winograd"))
    return winogradSchedule(kernel, *anchor, target);
  if (anchor->op.starts_with("local"))
    return localSchedule(kernel, *anchor, target);
  if (anchor->op.starts_with("batch_") || anchor->op == "bias_gradient" || anchor->op == "scale_coefficient_gradient") {
    const int64_t lanes = vectorOf(result.block, target);
    return {{"lanes", lanes}, {"vectors", vectorsInBlock(result.block / lanes, target)}};
  }
  if (anchor->op == "conv2d_weight_gradient" || anchor->op == "dense_weight_gradient") {
    const bool conv = anchor->op == "conv2d_weight_gradient";
    const int64_t inputs = conv ? result.shape[1] : result.spatial[0];
    const bool columns = conv && inputs < 4 && result.shape[3] > 1;
    const int64_t lanes = vectorOf(result.block, conv && !columns ? target : target.withWidestVectors());
    const RegisterTile tile = !conv && updatesInPlace(kernel)
                          ? updateTile(result.block / lanes, inputs, target)
                          : bestTile(result.block / lanes, columns ? result.shape[3] : inputs, target);
    return {{"lanes", lanes}, {"vectors", tile.vectors}, {"taps", tile.pixels}, {"taps_are_columns", columns}};
  }

  if (const Schedule tiles = tileSchedule(kernel, *anchor, target); !tiles.empty())
    return tiles;
  const TensorSpec &weight = k.tensor(anchor->operands[1]);
  const bool narrow = weight.element == ElementType::BF16;
  // Of halved registers, a sum of the widest waits for half as many instructions: it runs further ahead of memory.
  const bool wide = narrow || anchor->op == "conv2d";
  const int64_t lanes = vectorOf(anchor->op == "conv2d" ? std::gcd(weight.block, result.block) : weight.block,
                                 wide ? target.withWidestVectors() : target);
  const int64_t images = result.shape[0];
  if (anchor->op == "dense_input_gradient") { // Sums of inputs times rows; a vector of inputs is stored at once.
    const int64_t inputs = std::min<int64_t>(vectorOf(result.block, target), target.vectorRegisters >= 32 ? 8 : 4);
    const int64_t sums = target.vectorRegisters >= 32 ? 24 : 12;
    if (weight.shape[0] <= weight.block && result.shape.size() == 2) { // Vectors of inputs: no sums of lanes.
      const int64_t vector = vectorOf(result.block, target);
      return {{"lanes", lanes},
              {"inputs", vector},
              {"rows", std::clamp<int64_t>(sums / vector, 1, images)},
              {"parallel", elementsOf(weight) * images > 1000000}};
    }
    if (const int64_t block = outputsOfBlock(weight, inputs, target); block > 0 && images >= 8 && images % 2 == 0)
      return {{"lanes", vectorOf(weight.block, target.withWidestVectors())},
              {"inputs", std::min<int64_t>(8, vectorOf(result.block, target))},
              {"rows", target.vectorRegisters >= 32 ? 2 : 1},
              {"block", block},
              {"parallel", 1}};
    return {{"lanes", lanes}, {"inputs", inputs}, {"rows", std::clamp<int64_t>(sums / inputs, 1, std::min<int64_t>(images, 12))},
            {"parallel", elementsOf(weight) * images > 100000}};
  }
  if (anchor->op == "dense" && images > 1)
    if (const Schedule blocked = blockedDense(kernel, *anchor, target); !blocked.empty())
      return blocked;
  if (anchor->op.starts_with("dense")) {
    const int64_t most = rowsInCache(bytesBetweenImages(k.tensor(anchor->operands[0])), target);
    RegisterTile tile = bestTile(weight.block / lanes, images, target, false, most);
    if (images == 1)
      tile.vectors = weight.block / lanes <= 4 ? weight.block / lanes : tile.vectors;
    const bool parallel = elementsOf(weight) * images > 100000;
    if (const int64_t streams = streamsOf(weight, target); images == 1 && streams > 1)
      return {{"lanes", lanes}, {"vectors", weight.block / lanes}, {"rows", 1}, {"parallel", 1}, {"streams", streams}};
    while (parallel && tile.vectors % 2 == 0 && weight.shape[0] <= (target.cores - 1) * tile.vectors * lanes) // Tasks.
      tile = bestTile(tile.vectors / 2, images, target, false, most);
    return {{"lanes", lanes}, {"vectors", tile.vectors}, {"rows", tile.pixels}, {"parallel", parallel},
            {"unroll", images == 1 ? 2 : 1}};
  }
  const int64_t width = tileColumns(kernel, *anchor);
  const int64_t most = rowsInCache(bytesBetweenPixels(k, *anchor), target);
  const double multiplyAdds = double(elementsOf(result)) * double(elementsOf(weight)) / double(weight.shape[0]);
  RegisterTile tile = anchor->op == "conv2d" ? convolutionTile(weight, multiplyAdds, lanes, width, most, target)
                                             : bestTile(weight.block / lanes, width, target, false, most);
  if (weight.shape[0] != 0 && result.block % weight.block != 0) // Groups that leave padding lanes without a filter.
    tile.vectors = 1;
  return distributed(kernel, *anchor, {{"lanes", lanes}, {"vectors", tile.vectors}, {"pixels", tile.pixels}}, target);
}

} // namespace fovea
