#include "passes/WinogradModel.h"

#include "passes/CostModel.h"
#include "passes/MachineModel.h"

#include <algorithm>
#include <cmath>

namespace fovea {

namespace {

constexpr int64_t tilesTried[] = {2, 4, 6}; ///< Transforms of 4, 6 or 8 numbers, whose points are small.
constexpr int64_t largestTransform = 8;

constexpr double bytesFromL2 = 32; ///< A cycle, of what is read in turn.
constexpr double scattered = 1.5;  ///< Times as long for short pieces from memory, in huge pages; in small ones 6.

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The weight gradient transforms all images before it multiplies, and Halide counts the bytes of an allocation in 32 bits.
bool transformsFit(const ConvolutionShape &s, ConvolutionPass pass, int64_t tile) {
  const int64_t t = tile + s.kernel - 1, channels = ceilDiv(std::max(s.inputs, s.outputs), 16) * 16;
  return pass != ConvolutionPass::WeightGradient ||
         4 * t * t * channels * s.images * ceilDiv(s.height, tile) * ceilDiv(s.width, tile) < int64_t(1) << 31;
}

int64_t tilesOf(int64_t height, int64_t width, int64_t tile) { return ceilDiv(height, tile) * ceilDiv(width, tile); }

/// Of the multiply-adds that a core could start, in a product whose register tiles have as many as `most` of `columns`
/// pixels or tiles.
double efficiency(const ConvolutionShape &s, int64_t columns, int64_t most, const TargetInfo &machine) {
  const TargetInfo target = machine.withWidestVectors();
  const int64_t block = s.groups == 1 ? blockFor(s.outputs, machine) : groupBlockFor(s.outputs / s.groups, machine);
  const RegisterTile tile = bestTile(block / vectorOf(block, target), columns, target, false, most);
  const double useful = double(columns) / double(ceilDiv(columns, tile.pixels) * tile.pixels);
  const double sums = double(tile.vectors * tile.pixels), loads = double(tile.vectors + tile.pixels) / sums;
  // Either sums wait for each other, or for loads, of which two are done in a cycle beside two multiply-adds.
  return fmaEfficiency * useful * std::min({1.0, sums / (2 * target.fmaLatency), 1 / (1.1 * loads)});
}

/// Cycles, on one core, until the weight was read: once where all threads share an image, else again for each image, of
/// which the cores' caches save three quarters. What fits half the second-level cache is taken to be there.
double weightCycles(double bytes, const ConvolutionShape &s, const TargetInfo &target) {
  const double rate = bytes <= target.l2Bytes / 2 ? bytesFromL2 : memoryBytes;
  return bytes / rate * (s.images >= target.cores ? 0.25 * double(s.images) : 1.0);
}

/// Cycles for calling threads: where they share an image, for each of four stages, of which the products are a task for
/// each place in the tile.
double callingCycles(const ConvolutionShape &s, ConvolutionPass pass, int64_t tile, const TargetInfo &target) {
  if (pass != ConvolutionPass::WeightGradient && s.images >= target.cores)
    return launchCycles;
  const int64_t t = tile + s.kernel - 1;
  return 4 * launchCycles + double(t * t) * taskCycles / target.cores;
}

/// Of work that takes one core so many cycles: shared by all, once they are called, or left to one.
double sharedCycles(double cycles, double calling, const TargetInfo &target) {
  return std::min(cycles, cycles / target.cores + calling);
}

double directCycles(const ConvolutionShape &s, ConvolutionPass pass, const TargetInfo &target) {
  const double pairs = double(s.inputs) * double(s.outputs) / double(s.groups), kernel = double(s.kernel * s.kernel);
  const double multiplyAdds = double(s.images * s.height * s.width) * kernel * pairs;
  if (pass == ConvolutionPass::WeightGradient) // Its tiles are of channels.
    return multiplyAdds / fmaEfficiency / (2 * target.vectorLanes);
  const int64_t most = rowsInCache(4 * ceilDiv(s.inputs, 8) * 8, target);
  const double products = multiplyAdds / efficiency(s, s.width, most, target) / (2 * target.vectorLanes);
  return (s.bf16 ? bf16Share(s.inputs / s.groups, target) : 1) * products +
         weightCycles((s.bf16 ? 2 : 4) * kernel * pairs, s, target);
}

/// Of one core, had it all to do.
double winogradCycles(const ConvolutionShape &s, ConvolutionPass pass, int64_t tile, const TargetInfo &target) {
  const double t = double(tile + s.kernel - 1), m = double(tile), places = t * t;
  const bool ofOperand = tilesOperand(s, pass, tile), ofWeight = pass == ConvolutionPass::WeightGradient;
  const int64_t tilesOfImage = ofOperand ? tilesOf(s.fromHeight, s.fromWidth, tile) : tilesOf(s.height, s.width, tile);
  const double tiles = double(s.images * tilesOfImage);
  const double pairs = double(s.inputs) * double(s.outputs) / double(s.groups);
  const int64_t most = rowsInCache(int64_t(4 * places) * ceilDiv(s.inputs, 8) * 8, target);
  const int64_t tilesOfTask = s.images < target.cores ? int64_t(tiles) : tilesOfImage;
  const double share = ofWeight ? 0.8 : efficiency(s, tilesOfTask, most, target);
  const double products = places * tiles * pairs / share / (2 * target.vectorLanes);
  // Each transform is two passes of small sums, whose operands come from memory rather than registers.
  const double whole = 2 * t * t * t, part = m * t * t + m * m * t;
  const double transforms =
      tiles * (double(s.inputs) * (ofOperand ? part : whole) + double(s.outputs) * (ofOperand ? whole : part)) /
      target.vectorLanes;
  // Between the stages, the transforms are written and read once: in the core's own cache where those of an image fit
  // beside the weight, else beyond it, where most lines are read before they are written.
  const double perImage = 4 * places * tiles / double(s.images) * double(s.inputs + s.outputs);
  const bool inCache = !ofWeight && perImage < 0.4 * target.l2Bytes;
  double between = perImage * double(s.images) * (inCache ? 2 / bytesFromL2 : 2.5 / memoryBytes);
  // A tile's numbers lie together, so that each place is read in pieces of one pixel's channels, which nothing fetches
  // ahead of time from memory.
  if (!ofWeight && perImage * double(std::min<int64_t>(s.images, target.cores)) > target.l3Bytes)
    between *= scattered;
  const double weight = 4 * places * pairs;
  return products + transforms + between + (ofWeight ? 2 * weight / memoryBytes : weightCycles(weight, s, target));
}

/// Bytes a cycle of what all cores write and read in turn, each of so many resident ones: the further these reach beyond the
/// second-level cache, the fewer of them are in a core's share of the last, until all come from memory.
double bytesBeyondL2(double resident, const TargetInfo &target) {
  const double half = double(target.l2Bytes) / 2; // The rest is for what else passes through.
  if (resident <= half)
    return bytesFromL2;
  return std::max(12 * std::pow(half / resident, 0.35), memoryBytes / 2.5);
}

/// Images whose transforms are made and multiplied at a time, for a weight gradient; 0 for the whole batch. Fewer stay
/// nearer to the core, more share one pass over the sums of all products.
int64_t imagesAtATime(const KernelSpec &kernel, const OpSpec &anchor, const TargetInfo &target) {
  constexpr int64_t most = 8;
  constexpr double margin = 0.9; // What cutting the batch costs beside this is less certain.
  const TensorSpec &x = kernel.tensor(anchor.operands[0]), &dy = kernel.tensor(anchor.operands[1]);
  const TensorSpec &weight = anchor.results[0];
  const int64_t tile = std::get<int64_t>(anchor.attributes.at("tile")), t = tile + weight.shape[2] - 1;
  const int64_t filters = ceilDiv(weight.shape[0], weight.block) * weight.block, batch = dy.shape[0];
  const double sums = 4 * double(t * t * filters * weight.shape[1]);
  const double perImage = 4 * double(t * t * tilesOf(dy.shape[2], dy.shape[3], tile) * (x.block + filters));
  int64_t best = 0;
  double least = margin * perImage / bytesBeyondL2(perImage * double(batch) / target.cores, target);
  for (int64_t images = 1; images <= std::min(batch, most); ++images) {
    if (batch % images != 0)
      continue;
    const double ofImage =
        (perImage + sums / double(images)) / bytesBeyondL2(perImage * double(images) + sums, target);
    if (ofImage < least) {
      least = ofImage;
      best = images;
    }
  }
  return best;
}

/// The best tile of all of a block's vectors; of no pixels where they do not fit the registers.
RegisterTile wideTile(int64_t vectors, int64_t pixels, const TargetInfo &target) {
  RegisterTile best{vectors, 0};
  double bestScore = 0;
  const int64_t registers = target.vectorRegisters - 1 - (target.memoryBroadcast ? 0 : 1);
  for (int64_t count = 1; count <= pixels && vectors * (count + 1) <= registers; ++count)
    if (const double score = tileScore({vectors, count}, pixels, target); score > bestScore) {
      bestScore = score;
      best.pixels = count;
    }
  return best;
}

} // namespace

double bf16Share(int64_t inputs, const TargetInfo &target) {
  constexpr double ofTiles = 0.15; // A sixteenth, were it not for edges, and for images and weights that have to come.
  if (target.bf16Tiles && inputs >= 3)
    return ofTiles;
  // An instruction takes twice the products in the time that one of the widest registers takes for single ones.
  return target.bf16Products() ? double(inputs + inputs % 2) / (2 * double(inputs)) : 1.0;
}

bool tilesOperand(const ConvolutionShape &s, ConvolutionPass pass, int64_t tile) {
  return pass == ConvolutionPass::InputGradient &&
         tilesOf(s.fromHeight, s.fromWidth, tile) < tilesOf(s.height, s.width, tile);
}

bool isWinogradConvolution(const OpSpec &anchor) {
  return anchor.op == "winograd_conv2d" || anchor.op == "winograd_input_gradient";
}

int64_t winogradTiles(const KernelSpec &kernel, const OpSpec &anchor) {
  const TensorSpec &tiled =
      anchor.op == "winograd_input_gradient" ? kernel.tensor(anchor.operands[0]) : anchor.results[0];
  return tilesOf(tiled.shape[2], tiled.shape[3], std::get<int64_t>(anchor.attributes.at("tile")));
}

bool canTile(int64_t tile, int64_t kernel) {
  return tile == 0 || (std::find(std::begin(tilesTried), std::end(tilesTried), tile) != std::end(tilesTried) &&
                       tile + kernel - 1 <= largestTransform);
}

ConvolutionCost convolutionCost(const ConvolutionShape &s, ConvolutionPass pass, const TargetInfo &target) {
  ConvolutionCost cost{.direct = sharedCycles(directCycles(s, pass, target), launchCycles, target), .bf16 = s.bf16};
  // Few channels leave the matrix products short, and the transforms are not worth it.
  if (s.kernel < 3 || s.inputs / s.groups < 8 || s.outputs / s.groups < 8)
    return cost;
  for (int64_t tile : tilesTried) {
    if (!canTile(tile, s.kernel) || !transformsFit(s, pass, tile))
      continue;
    const double calling = callingCycles(s, pass, tile, target);
    const double cycles = sharedCycles(winogradCycles(s, pass, tile, target), calling, target);
    if (!cost.tile || cycles < cost.winograd) {
      cost.winograd = cycles;
      cost.tile = tile;
    }
  }
  return cost;
}

namespace {

/// Whether a task with all stages is done before threads that share them were called for each.
bool oneTaskIsFaster(const KernelSpec &kernel, const OpSpec &anchor, const TargetInfo &target) {
  const TensorSpec &x = kernel.tensor(anchor.operands[0]), &result = anchor.results[0];
  const int64_t tile = std::get<int64_t>(anchor.attributes.at("tile"));
  const ConvolutionShape shape{.images = result.shape[0],
                               .inputs = x.shape[1],
                               .outputs = result.shape[1],
                               .groups = groupsOf(anchor),
                               .height = result.shape[2],
                               .width = result.shape[3],
                               .kernel = kernel.tensor(anchor.operands[1]).shape[2] - tile + 1,
                               .fromHeight = x.shape[2],
                               .fromWidth = x.shape[3]};
  const ConvolutionPass pass =
      anchor.op == "winograd_input_gradient" ? ConvolutionPass::InputGradient : ConvolutionPass::Forward;
  const double cycles = winogradCycles(shape, pass, tile, target);
  return cycles <= sharedCycles(cycles, callingCycles(shape, pass, tile, target), target);
}

} // namespace

Schedule winogradSchedule(const KernelSpec &kernel, const OpSpec &anchor, const TargetInfo &machine) {
  const TargetInfo target = machine.withWidestVectors();
  const TensorSpec &result = anchor.results[0];
  if (anchor.op == "winograd_weight_gradient") {
    const int64_t lanes = vectorOf(result.block, target);
    const RegisterTile tile = bestTile(result.block / lanes, result.shape[1], target);
    Schedule schedule{{"lanes", lanes}, {"vectors", tile.vectors}, {"taps", tile.pixels}};
    if (const int64_t images = imagesAtATime(kernel, anchor, target))
      schedule["images"] = images;
    return schedule;
  }
  const TensorSpec &weight = kernel.tensor(anchor.operands[1]), &last = kernel.ops.back().results[0];
  const int64_t tiles = winogradTiles(kernel, anchor), images = result.shape[0];
  const bool batched = (images >= target.cores && images > 1) || oneTaskIsFaster(kernel, anchor, machine);
  // Two images of 13 x 13 share one reading of the weight; larger images have tiles enough by themselves.
  int64_t perTask = batched ? 1 : images;
  if (batched && tiles < 32 && images % 2 == 0 && images / 2 >= target.cores)
    perTask = 2;
  const int64_t lanes = vectorOf(weight.block, target);
  const int64_t places = weight.shape[2] * weight.shape[3];
  const int64_t bytesBetweenTiles = places * kernel.tensor(anchor.operands[0]).block * int64_t(sizeof(float));
  RegisterTile tile =
      bestTile(weight.block / lanes, tiles * perTask, target, false, rowsInCache(bytesBetweenTiles, target));
  if (result.block % weight.block != 0) // Groups that leave padding lanes without a filter.
    tile.vectors = 1;
  // Of so few images, what counts is how the weight comes from memory: best in one stream, by tiles as wide as its block.
  const int64_t whole = weight.block / lanes;
  if (!batched && result.block % weight.block == 0)
    if (const RegisterTile wide = wideTile(whole, tiles * perTask, target); wide.pixels > 1)
      tile = wide;
  const int64_t outRows = last.shape.size() == 4 ? last.shape[2] : 1;
  const int64_t terms = kernel.tensor(anchor.operands[0]).shape[1] / groupsOf(anchor), unroll = terms < 32 ? 1 : 4;
  return {{"lanes", lanes},        {"vectors", tile.vectors},
          {"pixels", tile.pixels}, {"parallel", batched ? 1 : 2},
          {"images", perTask},     {"rows", ceilDiv(outRows, std::max(1, target.cores))},
          {"unroll", unroll},      {"prefetch", !batched && tile.vectors == whole}};
}

} // namespace fovea
