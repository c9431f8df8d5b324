#include "passes/TilingCost.h"

#include "passes/MachineModel.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace fovea {

namespace {

constexpr double normalizeCycles = 25; ///< A vector's squares, their sum and its power.

int64_t list(const OpSpec &op, const char *name, size_t index, int64_t otherwise) {
  auto found = op.attributes.find(name);
  return found == op.attributes.end() ? otherwise : std::get<std::vector<int64_t>>(found->second)[index];
}

bool isPool(const OpSpec &op) { return op.op == "max_pool" || op.op == "max_pool_indices" || op.op == "avg_pool"; }

/// Windows along one axis over `inputs` elements; without a pooling each output reads its own input.
struct Windows {
  int64_t inputs = 1, outputs = 1, kernel = 1, stride = 1, before = 0;

  int64_t first(int64_t output) const { return std::clamp<int64_t>(output * stride - before, 0, inputs - 1); }
  int64_t last(int64_t output) const {
    return std::clamp<int64_t>(output * stride - before + kernel - 1, 0, inputs - 1);
  }
  /// Inputs between the first and the last that the outputs begin ... end - 1 read.
  int64_t read(int64_t begin, int64_t end) const { return last(end - 1) - first(begin) + 1; }
};

/// What a kernel does to a row, in numbers.
struct Work {
  int64_t images = 1, tiles = 1; ///< Tiles of channels, each of which can be computed by itself.
  Windows rows;
  double perRow = 0;                              ///< Cycles for a row that the windows read, all channels,
  double perResultRow = 0;                        ///< for a row of the result,
  double perPaddedRow = 0;                        ///< and for a row of the zero-padded input, of which
  int64_t paddedReach = 1, paddedStep = 1;        ///< a row needs `reach`, the next ones `step` more each.
  int64_t buffers = 0, columns = 1, rowBytes = 0; ///< Kept rows: of how many functions, and their size (one tile's).
  double weightBytes = 0, imageBytes = 0; ///< Of a convolution that distributes alone: what it reads,
  double resultBytes = 0;                 ///< and what it writes for an image.
};

int64_t key(const KernelSpec &kernel, const char *name, int64_t otherwise) {
  auto found = kernel.schedule.find(name);
  return found == kernel.schedule.end() ? otherwise : found->second;
}

const OpSpec *convolution(const KernelSpec &kernel) { return kernel.ops[0].op == "conv2d" ? &kernel.ops[0] : nullptr; }

/// The first operation that reads the neighbours of what the kernel computes.
size_t firstReader(const KernelSpec &kernel) {
  for (size_t at = 1; at < kernel.ops.size(); ++at)
    if (isPool(kernel.ops[at]) || kernel.ops[at].op == "lrn")
      return at;
  return kernel.ops.size();
}

Windows windowsOf(const OpSpec &pool, int64_t inputs, size_t axis) {
  const int64_t kernel = list(pool, "kernel", axis, 1);
  return {inputs, pool.results[0].shape[2 + axis], kernel, list(pool, "stride", axis, 1), list(pool, "pad", axis, 0)};
}

/// The operations begin ... end - 1 of the kernel, as a kernel of their own when they are not all.
Work workOf(const KernelSpec &kernel, size_t begin, size_t end, const TargetInfo &target) {
  Work work;
  const OpSpec *conv = begin == 0 ? convolution(kernel) : nullptr;
  const TensorSpec &first = kernel.ops[begin].results[0], &last = kernel.ops[end - 1].results[0];
  const auto reads = [&](size_t at) { return isPool(kernel.ops[at]) || kernel.ops[at].op == "lrn"; };
  work.images = first.shape[0];
  work.rows = {last.shape[2], last.shape[2]};
  const int64_t channels = std::max(first.block, first.shape[1]);
  const int64_t lanes = conv ? key(kernel, "lanes", 1) : std::min<int64_t>(target.vectorLanes, channels);
  const double vectors = double((channels + lanes - 1) / lanes);

  int64_t &columns = work.columns = last.shape[3];
  bool normalizes = false;
  size_t pool = end;
  for (size_t at = begin; at < end; ++at) {
    const OpSpec &op = kernel.ops[at];
    normalizes |= op.op == "lrn";
    work.buffers += at > begin && reads(at);
    if (!isPool(op))
      continue;
    pool = at;
    const TensorSpec &in = kernel.tensor(op.operands[0]);
    work.rows = windowsOf(op, in.shape[2], 0);
    const Windows across = windowsOf(op, in.shape[3], 1);
    columns = across.read(0, across.outputs);
    work.perResultRow += double(across.outputs * across.kernel * work.rows.kernel) * vectors / 2;
  }
  for (size_t at = begin; at < end; ++at)
    if (at > pool)
      work.perResultRow += double(last.shape[3]) * vectors;
    else if (at < pool && kernel.ops[at].op != "conv2d")
      work.perRow += double(columns) * vectors * (kernel.ops[at].op == "lrn" ? normalizeCycles : 1);

  if (conv) {
    const TensorSpec &in = kernel.tensor(conv->operands[0]), &weight = kernel.tensor(conv->operands[1]);
    const int64_t reach = (weight.shape[2] - 1) * list(*conv, "dilation", 0, 1) + 1;
    work.perRow += double(columns * weight.shape[1] * weight.shape[2] * weight.shape[3]) * vectors / 2 / fmaEfficiency;
    work.paddedReach = reach;
    work.paddedStep = list(*conv, "stride", 0, 1);
    int64_t pads = 0;
    for (size_t side = 0; side < 4; ++side)
      pads += list(*conv, "pad", side, 0);
    if (pads) // Read and written, from the second level.
      work.perPaddedRow = double((in.shape[3] + pads / 2) * std::max(in.block, in.shape[1]) * 4) * 2 / 16;
    const int64_t tile = lanes * key(kernel, "vectors", 1);
    if (!normalizes)
      work.tiles = (channels + tile - 1) / tile;
  }
  work.rowBytes = columns * (channels + work.tiles - 1) / work.tiles * 4;
  return work;
}

Work workOf(const KernelSpec &kernel, const TargetInfo &target) {
  Work work = workOf(kernel, 0, kernel.ops.size(), target);
  if (distributesAlone(kernel)) {
    const OpSpec &conv = *convolution(kernel);
    const TensorSpec &in = kernel.tensor(conv.operands[0]);
    work.weightBytes = double(physicalBytes(kernel.tensor(conv.operands[1])));
    work.imageBytes = double(physicalBytes(in)) / double(in.shape[0]);
    work.resultBytes = double(physicalBytes(kernel.ops.back().results[0])) / double(in.shape[0]);
  }
  return work;
}

/// Rows held for windows of `kernel` rows: a line buffer's are a power of two, so that a row finds its place by a mask.
int64_t keptRows(const Windows &rows, bool recompute) {
  int64_t kept = rows.kernel;
  if (!recompute)
    for (kept = 1; kept < rows.kernel; kept *= 2) {
    }
  return std::min(kept, rows.inputs);
}

/// Rows that the results begin ... end - 1 of one task compute.
int64_t computedRows(const Windows &rows, int64_t begin, int64_t end, bool recompute) {
  if (!recompute)
    return rows.read(begin, end);
  int64_t sum = 0;
  for (int64_t row = begin; row < end; ++row)
    sum += rows.read(row, row + 1);
  return sum;
}

/// When the last of `repeat` times these tasks is done, if each thread takes the next when it is free.
double finish(const std::vector<double> &tasks, int64_t repeat, int cores) {
  if (int64_t(tasks.size()) * repeat > 4096) {
    double sum = 0;
    for (double task : tasks)
      sum += task;
    return sum * double(repeat) / cores;
  }
  std::priority_queue<double, std::vector<double>, std::greater<>> free;
  for (int core = 0; core < cores; ++core)
    free.push(0);
  double last = 0;
  for (int64_t round = 0; round < repeat; ++round)
    for (double task : tasks) {
      const double done = free.top() + task;
      free.pop();
      free.push(done);
      last = std::max(last, done);
    }
  return last;
}

/// Cycles until a task has read its weights and pixels: `part` of the rows of an image, for one tile of channels or all of
/// them. A core's first tasks read the weights from memory, unless they are small enough to be taken for still there.
double readCycles(const Work &work, double part, bool oneTile, bool copied, bool first, const TargetInfo &target) {
  const double weights = oneTile ? work.weightBytes / double(work.tiles) : work.weightBytes;
  const bool fromMemory = first && work.weightBytes > target.l2Bytes / 2;
  // All tiles share one padded copy of all images; a strip's own is as small as itself.
  const double resident = !oneTile ? part * work.imageBytes : copied ? double(work.images) * work.imageBytes : work.imageBytes;
  const double again = std::max(1.0, double(work.paddedReach) / double(work.paddedStep));
  const double pixels = part * work.imageBytes * again * double(oneTile ? 1 : work.tiles);
  return weights / (fromMemory ? memoryBytes : bytesPerCycle(work.weightBytes, target)) +
         pixels / bytesPerCycle(std::max(resident, target.l1Bytes + 1.0), target); // The first level is the weights'.
}

/// Cycles to write that part of a result. Tiles of channels lie in each other's gaps: a core's own fill only some sets of
/// its caches, as if it wrote all of them.
double writeCycles(const Work &work, double part, bool oneTile, const TargetInfo &target) {
  const double bytes = part * work.resultBytes / double(oneTile ? work.tiles : 1);
  return 2 * bytes / bytesPerCycle(std::max(part * work.resultBytes, target.l1Bytes + 1.0), target); // Lines are read first.
}

TilingCost costOf(const Work &work, const PoolTiling &tiling, const TargetInfo &target) {
  TilingCost cost;
  const bool strips = tiling.parallel >= 3, tiles = tiling.parallel == 2 || tiling.parallel == 4;
  const int64_t step = strips ? tiling.rows : work.rows.outputs,
                repeat = tiles ? work.tiles * work.images : work.images;
  cost.needed = work.rows.read(0, work.rows.outputs);
  cost.keptRows = keptRows(work.rows, tiling.recompute);
  cost.keptBytes = work.buffers * cost.keptRows * work.rowBytes;
  // A kept row is written once and read by each window that it is in.
  const double overlap = double(work.rows.kernel) / double(std::min(work.rows.kernel, work.rows.stride));
  const double traffic = double(work.buffers * work.rowBytes * work.tiles) * (1 + overlap);
  const double perRow = work.perRow + traffic / bytesPerCycle(double(cost.keptBytes), target);
  std::vector<double> tasks;
  double padding = 0;
  for (int64_t begin = 0; begin < work.rows.outputs; begin += step) {
    const int64_t end = std::min(begin + step, work.rows.outputs);
    const int64_t computed = computedRows(work.rows, begin, end, tiling.recompute);
    cost.computed += computed;
    const double padded =
        double((work.rows.read(begin, end) - 1) * work.paddedStep + work.paddedReach) * work.perPaddedRow;
    const double own = double(computed) * perRow + double(end - begin) * work.perResultRow;
    if (tiles) // They share one padded copy.
      padding += padded * double(work.images) / target.cores;
    tasks.push_back(tiles ? own / double(work.tiles) + taskCycles : own + padded + taskCycles);
    if (work.imageBytes > 0) {
      const double part = double(end - begin) / double(work.rows.outputs);
      tasks.back() += readCycles(work, part, tiles, work.perPaddedRow > 0, begin / step < target.cores, target) +
                      writeCycles(work, part, tiles, target);
    }
  }
  cost.tasks = tiling.parallel == 0 ? 1 : int64_t(tasks.size()) * repeat;
  cost.cycles = tiling.parallel == 0
                    ? finish(tasks, repeat, 1)
                    : launchCycles + finish(tasks, repeat, target.cores) + (padding > 0 ? launchCycles + padding : 0);
  return cost;
}

/// All tilings, those with the fewest tasks first.
std::vector<PoolTiling> candidates(const Work &work) {
  const int64_t outputs = work.rows.outputs;
  std::vector<PoolTiling> all;
  auto add = [&](int64_t parallel, int64_t rows) {
    // One row a strip shares nothing, and windows side by side have nothing to keep.
    if (rows > 1 && work.rows.stride < work.rows.kernel && work.buffers)
      all.push_back({false, parallel, rows});
    all.push_back({true, parallel, rows});
  };
  add(0, outputs);
  if (work.images > 1)
    add(1, outputs);
  if (work.tiles > 1)
    add(2, outputs);
  for (int64_t parallel : {3, 4})
    if (parallel == 3 || work.tiles > 1)
      for (int64_t strips = 2, before = outputs; strips <= outputs; ++strips) {
        const int64_t rows = (outputs + strips - 1) / strips;
        if (rows != before)
          add(parallel, rows);
        before = rows;
      }
  return all;
}

PoolTiling cheapest(const Work &work, const TargetInfo &target, double *cycles = nullptr) {
  PoolTiling best;
  double fewest = 0;
  for (const PoolTiling &tiling : candidates(work)) {
    const double cost = costOf(work, tiling, target).cycles;
    if (fewest > 0 && cost > 0.99 * fewest)
      continue;
    fewest = cost;
    best = tiling;
  }
  if (cycles)
    *cycles = fewest;
  return best;
}

} // namespace

bool hasHalo(const KernelSpec &kernel) {
  const OpSpec &last = kernel.ops.back();
  if (last.results[0].shape.size() != 4 || firstReader(kernel) == kernel.ops.size())
    return false;
  // In front of the pooling: a direct convolution (Winograd's results are kept for a whole image) or nothing larger
  // than element-wise work, and normalization across channels.
  return std::all_of(kernel.ops.begin(), kernel.ops.end(), [&](const OpSpec &op) {
    return (op.op != "lrn" || op.attributes.find("region") == op.attributes.end() ||
            std::get<std::string>(op.attributes.at("region")) == "across") &&
           !op.op.ends_with("_gradient") && !op.op.starts_with("dense") && !op.op.starts_with("local") &&
           !op.op.starts_with("winograd");
  });
}

bool distributesAlone(const KernelSpec &kernel) {
  return convolution(kernel) && kernel.ops.back().results[0].shape.size() == 4 && firstReader(kernel) == kernel.ops.size();
}

Schedule toSchedule(const PoolTiling &tiling) {
  return {{"halo", tiling.recompute}, {"parallel", tiling.parallel}, {"rows", tiling.rows}};
}

TilingCost tilingCost(const KernelSpec &kernel, const PoolTiling &tiling, const TargetInfo &target) {
  return costOf(workOf(kernel, target), tiling, target);
}

PoolTiling chooseTiling(const KernelSpec &kernel, const TargetInfo &target) {
  return cheapest(workOf(kernel, target), target);
}

double separateCycles(const KernelSpec &kernel, const TargetInfo &target) {
  const size_t at = firstReader(kernel);
  double first = 0, second = 0;
  cheapest(workOf(kernel, 0, at, target), target, &first);
  cheapest(workOf(kernel, at, kernel.ops.size(), target), target, &second);
  // The result between them is written (its lines are read first) and read again.
  const double bytes = double(physicalBytes(kernel.ops[at - 1].results[0])), share = bytes / target.cores;
  const double fromMemory = std::max(16.0 / target.cores, 4.0);
  const double rate = share <= target.l2Bytes / 2 ? 16 : bytes <= target.l3Bytes / 2 ? 8 : fromMemory;
  return first + second + 3 * share / rate;
}

std::string describeTiling(const KernelSpec &kernel) {
  auto halo = kernel.schedule.find("halo");
  if (halo == kernel.schedule.end() || !hasHalo(kernel))
    return "";
  const TargetInfo any;
  const Work work = workOf(kernel, any);
  const PoolTiling tiling{halo->second == 1, key(kernel, "parallel", 0), key(kernel, "rows", work.rows.outputs)};
  const TilingCost cost = costOf(work, tiling, any);
  const auto percent = [&](int64_t rows) {
    return std::to_string((100 * (rows - cost.needed) + cost.needed / 2) / cost.needed);
  };
  std::string text = "halo: ";
  const int64_t everyRow = computedRows(work.rows, 0, work.rows.outputs, true);
  if (work.rows.kernel == 1)
    text += "none, rows are read by themselves";
  else if (work.rows.kernel <= work.rows.stride || work.rows.outputs == 1)
    text += "none, windows share no rows";
  else
    text += tiling.recompute ? "recomputed" : "line buffer";
  text += ", " + std::to_string(cost.keptRows) + (cost.keptRows == 1 ? " row of " : " rows of ") +
          std::to_string(work.rowBytes / 4 / work.columns) + "x" + std::to_string(work.columns) + ", " +
          std::to_string((cost.keptBytes + 500) / 1000) + " kB";
  if (tiling.parallel >= 3)
    text += ", in strips of " + std::to_string(tiling.rows);
  if (cost.computed > cost.needed)
    text += "; " + percent(cost.computed) + " % of the rows are computed again";
  if (!tiling.recompute && everyRow > cost.computed)
    text += "; recomputing would cost " + percent(everyRow) + " % more arithmetic";
  return text;
}

} // namespace fovea
