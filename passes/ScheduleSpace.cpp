#include "passes/ScheduleSpace.h"

#include "passes/CostModel.h"
#include "passes/TileModel.h"
#include "passes/TilingCost.h"
#include "passes/WinogradModel.h"

#include <algorithm>
#include <set>

namespace fovea {

namespace {

/// Tiles of a search step: of those with nearly equal scores any may win, the others do not.
constexpr size_t tilesTried = 8;

std::string text(int64_t number) { return std::to_string(number); }

bool isPowerOfTwo(int64_t number) { return number > 0 && (number & (number - 1)) == 0; }

/// What the anchor's schedule is made of: the other side of its register tile (pixels, rows, taps, inputs), how far that
/// may go, and the extents that a tile of channels must divide.
struct Space {
  std::string side;                 ///< The key; empty where the kernel has no register tile.
  int64_t most = 1;                 ///< Its largest value.
  std::vector<int64_t> divisible{}; ///< Extents of blocks that lanes * vectors divides.
  std::set<std::string> keys{"lanes"};
  bool sumsOnly = false;            ///< Only the sums stay in registers.
};

bool isPlain(const KernelSpec &kernel) { return kernel.ops.back().results[0].layout == LayoutKind::Plain; }

int64_t resultRows(const KernelSpec &kernel) {
  const auto &shape = kernel.ops.back().results[0].shape;
  return shape.size() == 4 ? shape[2] : 1;
}

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

Space spaceOf(const KernelSpec &kernel) {
  const OpSpec *anchor = anchorOf(kernel);
  if (!anchor)
    return {.keys = {"rows", "parallel", "halo"}};
  const std::string &op = anchor->op;
  const TensorSpec &result = anchor->results[0];
  auto weight = [&]() -> const TensorSpec & { return kernel.tensor(anchor->operands[1]); };
  if (op == "conv2d" || op == "conv2d_input_gradient") {
    Space space{"pixels", tileColumns(kernel, *anchor), {weight().block}, {"lanes", "vectors", "pixels", "parallel", "rows", "halo", "order"}};
    if (!isPlain(kernel))
      space.divisible.push_back(result.block);
    return space;
  }
  if (isWinogradConvolution(*anchor)) {
    const int64_t tiles = winogradTiles(kernel, *anchor) * result.shape[0];
    return {"pixels", tiles, {weight().block, result.block}, {"lanes", "vectors", "pixels", "parallel", "images", "rows", "halo", "unroll", "prefetch"}};
  }
  if (op == "winograd_weight_gradient")
    return {"taps", result.shape[1], {result.block}, {"lanes", "vectors", "taps", "images"}};
  if (op == "dense")
    return {"rows", result.shape[0], {weight().block}, {"lanes", "vectors", "rows", "parallel", "unroll", "block", "streams"}};
  if (op == "dense_input_gradient") // Weights and gradients are operands from memory.
    return {"rows", result.shape[0], {weight().block}, {"lanes", "inputs", "rows", "parallel", "block"}, true};
  if (op == "conv2d_weight_gradient")
    return {"taps", std::max(result.shape[1], result.shape[3]), {result.block}, {"lanes", "vectors", "taps", "taps_are_columns"}};
  if (op == "dense_weight_gradient")
    return {"taps", result.spatial[0], {result.block}, {"lanes", "vectors", "taps", "taps_are_columns"}};
  // Unshared convolutions and sums over channels are computed as the cost model says.
  return {.keys = {"lanes", "vectors", "rows", "taps", "inputs", "parallel"}};
}

int64_t keyOf(const Schedule &schedule, const std::string &key, int64_t otherwise) {
  auto found = schedule.find(key);
  return found == schedule.end() ? otherwise : found->second;
}

std::string whyTileIsIllegal(const Space &space, const Schedule &schedule, const TargetInfo &target) {
  const int64_t lanes = keyOf(schedule, "lanes", 1), vectors = keyOf(schedule, "vectors", 1),
                side = keyOf(schedule, space.side, 1);
  if (!isPowerOfTwo(lanes) || lanes > target.registerLanes)
    return text(lanes) + " lanes are no vector of this target, whose registers have " + text(target.registerLanes);
  for (int64_t extent : space.divisible)
    if (extent % (lanes * vectors) != 0)
      return text(vectors) + " vectors of " + text(lanes) + " do not divide a block of " + text(extent) + " channels";
  if (side > space.most)
    return space.side + " of " + text(side) + " is more than the " + text(space.most) + " there are";
  const int64_t inputs = keyOf(schedule, "inputs", 1);
  const int64_t registers = space.sumsOnly ? inputs * side : vectors * (side + 1) + (target.memoryBroadcast ? 0 : 1);
  if (registers > target.vectorRegisters - 1)
    return "a tile of " + text(space.sumsOnly ? inputs : vectors) + " by " + text(side) + " does not fit " +
           text(target.vectorRegisters) + " registers";
  return "";
}

/// Of kernels whose `rows` are those of a strip.
std::string whyStripsAreIllegal(const KernelSpec &kernel, const Schedule &schedule) {
  if (keyOf(schedule, "halo", 0) > 1)
    return "halo is 0 or 1";
  const int64_t rows = keyOf(schedule, "rows", 1), all = resultRows(kernel);
  return rows > all ? "strips of " + text(rows) + " rows are more than the " + text(all) + " there are" : "";
}

/// Of a kernel whose rows a pooling or normalization reads, without a large sum.
std::string whyRowsAreIllegal(const KernelSpec &kernel, const Schedule &schedule) {
  const std::string name = kernel.ops.back().op;
  const int64_t parallel = keyOf(schedule, "parallel", 0);
  if (parallel == 2 || parallel > 3)
    return "parallel of " + text(parallel) + " has no meaning for " + name + ", which has no tiles of channels";
  return whyStripsAreIllegal(kernel, schedule);
}

/// Of a kernel whose sums AMX's tiles make.
std::string whyTilesAreIllegal(const KernelSpec &kernel, const OpSpec &anchor, const Schedule &schedule,
                               const TargetInfo &target) {
  if (std::string why = whyNoTiles(kernel, anchor, target); !why.empty())
    return why;
  for (const auto &[key, value] : schedule)
    if (key != "tile_channels" && key != "tile_rows" && key != "tile_images" && key != "parallel")
      return "the schedule of " + anchor.op + " by tiles has no " + key;
  const std::vector<int64_t> channels = tileChannels(kernel, anchor);
  if (const int64_t given = schedule.at("tile_channels"); std::find(channels.begin(), channels.end(), given) == channels.end())
    return "tiles of " + text(given) + " channels do not divide " + text(anchor.results[0].block) + ", or 16 does not divide them";
  if (const int64_t rows = keyOf(schedule, "tile_rows", 1); rows < 1 || rows > resultRows(kernel))
    return "tile_rows of " + text(rows) + " are not between 1 and the " + text(resultRows(kernel)) + " rows there are";
  const int64_t parallel = keyOf(schedule, "parallel", 0);
  if (parallel < 0 || parallel > 2)
    return "parallel of " + text(parallel) + " has no meaning for tiles";
  const int64_t together = keyOf(schedule, "tile_images", 1), images = anchor.results[0].shape[0];
  if (together < 1 || images % together != 0 || (together > 1 && parallel == 2))
    return "tasks of " + text(together) + " images do not divide a batch of " + text(images) + ", or share their images";
  return "";
}

std::string whyRestIsIllegal(const KernelSpec &kernel, const OpSpec &anchor, const Schedule &schedule) {
  const int64_t parallel = keyOf(schedule, "parallel", isWinogradConvolution(anchor) ? 1 : 0);
  const int64_t mostParallel = anchor.op.starts_with("conv2d") ? 4 : anchor.op.starts_with("winograd") ? 2 : 1;
  if (parallel > mostParallel)
    return "parallel of " + text(parallel) + " has no meaning for " + anchor.op + "; the largest is " + text(mostParallel);
  if (anchor.op.starts_with("conv2d") && normalizes(kernel) && (parallel == 2 || parallel == 4))
    return "a normalization needs all channels of a row, so that parallel cannot be " + text(parallel);
  if (anchor.op.starts_with("conv2d") || isWinogradConvolution(anchor))
    if (std::string why = whyStripsAreIllegal(kernel, schedule); !why.empty())
      return why;
  if (const int64_t order = keyOf(schedule, "order", 0)) {
    if (order > 1)
      return "order is 0 or 1";
    if (hasHalo(kernel) || parallel == 2 || parallel == 4)
      return "only a convolution without rows of a pooling, whose tasks have all channels, has order of 1";
  }
  if (keyOf(schedule, "unroll", 1) > 8)
    return "unroll is at most 8";
  if (anchor.op.starts_with("winograd")) {
    const int64_t images = keyOf(schedule, "images", 1), all = kernel.tensor(anchor.operands[0]).shape[0];
    if (all % images != 0)
      return "tasks of " + text(images) + " images do not divide a batch of " + text(all);
  }
  if (isWinogradConvolution(anchor)) {
    const int64_t images = keyOf(schedule, "images", 1), all = anchor.results[0].shape[0];
    if (parallel == 0)
      return "parallel of " + anchor.op + " is 1 or 2";
    if (const int64_t prefetch = keyOf(schedule, "prefetch", 0)) {
      if (prefetch > 1)
        return "prefetch is 0 or 1";
      const int64_t block = kernel.tensor(anchor.operands[1]).block;
      if (const int64_t tile = keyOf(schedule, "lanes", 1) * keyOf(schedule, "vectors", 1); tile != block)
        return "prefetch needs tiles that read all " + text(block) + " channels of a block, not " + text(tile);
    }
    const int64_t tiles = spaceOf(kernel).most / all * (parallel == 1 ? images : all);
    if (keyOf(schedule, "pixels", 1) > tiles)
      return "pixels of " + text(keyOf(schedule, "pixels", 1)) + " is more than the " + text(tiles) + " tiles of a task";
  }
  if (const int64_t inputs = keyOf(schedule, "inputs", 1); anchor.op == "dense_input_gradient" &&
                                                          anchor.results[0].block % inputs != 0)
    return text(inputs) + " inputs do not divide " + text(anchor.results[0].block) + " channels";
  if (const int64_t streams = keyOf(schedule, "streams", 1); streams > 1) {
    const TensorSpec &weight = kernel.tensor(anchor.operands[1]);
    const int64_t tile = keyOf(schedule, "lanes", 1) * keyOf(schedule, "vectors", 1);
    if (anchor.results[0].shape[0] > 1 || keyOf(schedule, "block", 0) != 0)
      return "streams are for one image, whose sum is not in blocks";
    if (tile != weight.block || ceilDiv(weight.shape[0], weight.block) % streams != 0)
      return text(streams) + " streams do not divide the weight's blocks, of which each is a tile's";
  }
  const int64_t block = keyOf(schedule, "block", 0);
  if (block == 0)
    return "";
  const TensorSpec &weight = kernel.tensor(anchor.operands[1]);
  const bool ofOutputs = anchor.op == "dense_input_gradient";
  if (const int64_t outputs = ceilDiv(weight.shape[0], weight.block) * weight.block;
      ofOutputs && (block % weight.block != 0 || outputs % block != 0))
    return "blocks of " + text(block) + " are not whole blocks of " + text(weight.block) + " that divide " + text(outputs) +
           " outputs";
  if (ofOutputs && anchor.results[0].shape[0] % keyOf(schedule, "rows", 1) == 0)
    return "";
  if (!ofOutputs && (weight.spatial[0] % block != 0 || (weight.element == ElementType::BF16 && block % 2 != 0)))
    return "blocks of " + text(block) + " do not divide " + text(weight.spatial[0]) + " inputs";
  if (anchor.results[0].shape[0] % keyOf(schedule, "rows", 1) != 0)
    return "a sum in blocks needs rows that divide the batch, not " + text(keyOf(schedule, "rows", 1));
  if (kernel.ops.back().results[0].shape.size() != 2)
    return "a sum in blocks needs a result without pixels";
  return "";
}

/// Tiles by what the cost model expects of them, the best first, as schedules of lanes, vectors and the other side.
SearchStep tiles(const KernelSpec &kernel, const Space &space, const TargetInfo &target) {
  std::vector<std::pair<double, Schedule>> scored;
  for (int64_t lanes = target.registerLanes; lanes >= std::min(8, target.vectorLanes); lanes /= 2)
    for (int64_t vectors = 1; vectors <= 8; ++vectors)
      for (int64_t side = 1; side <= std::min<int64_t>(space.most, 28); ++side) {
        const Schedule tile{{"lanes", lanes}, {"vectors", vectors}, {space.side, side}};
        if (whyTileIsIllegal(space, tile, target).empty())
          scored.push_back({tileScore({vectors, side}, space.most, target), tile});
      }
  std::stable_sort(scored.begin(), scored.end(), [](auto &a, auto &b) { return a.first > b.first; });
  SearchStep result;
  std::map<int64_t, size_t> ofLanes; // The score does not know what the halves of a wide instruction cost.
  for (auto &[score, tile] : scored)
    if (ofLanes[tile["lanes"]]++ < tilesTried)
      result.push_back(tile);
  return result;
}

SearchStep valuesOf(const std::string &key, std::vector<int64_t> values) {
  SearchStep step;
  for (int64_t value : values)
    step.push_back({{key, value}});
  return step;
}

std::vector<int64_t> divisors(int64_t number, int64_t least, int64_t most) {
  std::vector<int64_t> result;
  for (int64_t candidate = least; candidate <= std::min(number, most); ++candidate)
    if (number % candidate == 0)
      result.push_back(candidate);
  return result;
}

/// Pieces of a layer whose sums AMX's tiles make.
std::vector<SearchStep> tilesOfAmx(const KernelSpec &kernel, const OpSpec &anchor) {
  SearchStep pieces;
  const int64_t rows = resultRows(kernel);
  for (int64_t channels : tileChannels(kernel, anchor))
    for (int64_t strips : {1, 2, 4, 8, 16})
      if (strips <= rows && channels <= 512)
        pieces.push_back({{"tile_channels", channels}, {"tile_rows", ceilDiv(rows, strips)}});
  return {pieces, valuesOf("parallel", {0, 1, 2}), valuesOf("tile_images", divisors(anchor.results[0].shape[0], 1, 8))};
}

/// Tiles that read whole blocks of weights also ask for the next.
SearchStep withPrefetch(const SearchStep &tiles, int64_t block) {
  SearchStep result;
  for (Schedule tile : tiles)
    for (int64_t prefetch = 0; prefetch <= (tile["lanes"] * tile["vectors"] == block ? 1 : 0); ++prefetch) {
      tile["prefetch"] = prefetch;
      result.push_back(tile);
    }
  return result;
}

/// Who computes what: images, tiles of channels, strips of rows.
SearchStep distributions(const KernelSpec &kernel, const TargetInfo &target) {
  SearchStep step;
  const int64_t rows = resultRows(kernel), cores = target.cores;
  for (int64_t halo = 0; halo <= (hasHalo(kernel) ? 1 : 0); ++halo)
    for (int64_t parallel = 0; parallel <= 4; ++parallel) {
      Schedule one{{"parallel", parallel}};
      if (hasHalo(kernel))
        one["halo"] = halo;
      if (parallel < 3) {
        step.push_back(one);
        continue;
      }
      for (int64_t strips : {cores, 2 * cores, 4 * cores}) {
        one["rows"] = std::max<int64_t>(1, ceilDiv(rows, strips));
        if (std::find(step.begin(), step.end(), one) == step.end())
          step.push_back(one);
      }
    }
  return step;
}

} // namespace

std::string whyIllegal(const KernelSpec &kernel, const Schedule &schedule, const TargetInfo &target) {
  const OpSpec *anchor = anchorOf(kernel);
  if (anchor && schedule.contains("tile_channels"))
    return whyTilesAreIllegal(kernel, *anchor, schedule, target);
  const Space space = spaceOf(kernel);
  const std::string name = anchor ? anchor->op : kernel.ops.back().op;
  for (const auto &[key, value] : schedule) {
    if (!space.keys.contains(key))
      return "the schedule of " + name + " has no " + key;
    if (value < (key == "parallel" || key == "halo" || key == "prefetch" || key == "order" || key == "taps_are_columns" || key == "block" ? 0 : 1))
      return key + " cannot be " + text(value);
  }
  if (!anchor)
    return whyRowsAreIllegal(kernel, schedule);
  if (!space.side.empty())
    if (std::string why = whyTileIsIllegal(space, schedule, target); !why.empty())
      return why;
  return whyRestIsIllegal(kernel, *anchor, schedule);
}

std::vector<SearchStep> searchSteps(const KernelSpec &kernel, const TargetInfo &target) {
  const OpSpec *anchor = anchorOf(kernel);
  if (!anchor)
    return hasHalo(kernel) ? std::vector<SearchStep>{distributions(kernel, target)} : std::vector<SearchStep>{};
  const Space space = spaceOf(kernel);
  const std::string &op = anchor->op;
  if (space.side.empty())
    return {};
  if (usesTiles(kernel))
    return tilesOfAmx(kernel, *anchor);
  if (op == "dense_input_gradient") {
    SearchStep step;
    for (int64_t lanes = target.registerLanes; lanes >= 8; lanes /= 2)
      for (int64_t inputs : {4, 8, 16})
        for (int64_t rows = 1; rows <= 6; ++rows)
          step.push_back({{"lanes", lanes}, {"inputs", inputs}, {"rows", rows}});
    const TensorSpec &weight = kernel.tensor(anchor->operands[1]);
    std::vector<int64_t> blocks{0};
    for (int64_t count : divisors(ceilDiv(weight.shape[0], weight.block), 1, 512 / weight.block))
      blocks.push_back(count * weight.block);
    SearchStep withBlocks;
    for (Schedule tile : step)
      for (int64_t block : {int64_t(0), blocks.back()})
        if (tile["block"] = block; block == 0 || tile["rows"] <= 4)
          withBlocks.push_back(tile);
    return {withBlocks, valuesOf("block", blocks), valuesOf("parallel", {0, 1})};
  }
  std::vector<SearchStep> steps{tiles(kernel, space, target)};
  if (keyOf(kernel.schedule, "streams", 1) > 1) // Which have a block as tile; others go through one.
    for (Schedule &tile : steps.front())
      tile["streams"] = 1;
  if (op.starts_with("conv2d") && !op.ends_with("weight_gradient")) {
    steps.push_back(distributions(kernel, target));
    steps.push_back(valuesOf("order", {0, 1}));
  }
  if (isWinogradConvolution(*anchor)) {
    steps.front() = withPrefetch(steps.front(), kernel.tensor(anchor->operands[1]).block);
    steps.push_back(valuesOf("parallel", {1, 2}));
    steps.push_back(valuesOf("images", divisors(anchor->results[0].shape[0], 1, 4)));
    steps.push_back(valuesOf("unroll", {1, 2, 4}));
  }
  if (op == "winograd_weight_gradient")
    steps.push_back(valuesOf("images", divisors(kernel.tensor(anchor->operands[0]).shape[0], 1, 8)));
  if (op == "dense") {
    steps.push_back(valuesOf("parallel", {0, 1}));
    if (anchor->results[0].shape[0] == 1) {
      const TensorSpec &weight = kernel.tensor(anchor->operands[1]);
      steps.push_back(valuesOf("streams", divisors(ceilDiv(weight.shape[0], weight.block), 1, 8)));
    } else {
      std::vector<int64_t> blocks = divisors(kernel.tensor(anchor->operands[1]).spatial[0], 32, 512);
      blocks.insert(blocks.begin(), 0);
      steps.push_back(valuesOf("block", blocks));
    }
    steps.push_back(valuesOf("unroll", {1, 2, 4}));
  }
  return steps;
}

} // namespace fovea
