#include "runtime/AmxSums.h"

#include <algorithm>
#include <immintrin.h>

namespace {

using fovea::HalideBuffer;
using fovea::HalideDimension;

constexpr int tileRows = 16, tileOutputs = 16; // Of sums.
constexpr int longestStep = 32;                // Inputs that a tile of pixels or weights holds.
constexpr int bytes = 2;                       // Of a bf16.

/// What ldtilecfg reads.
struct alignas(64) TileConfig {
  uint8_t palette = 1, startRow = 0, reserved[14] = {};
  uint16_t rowBytes[16] = {};
  uint8_t rows[16] = {};

  void set(int tile, int tileRows, int bytes) {
    rows[tile] = uint8_t(tileRows);
    rowBytes[tile] = uint16_t(bytes);
  }
};

/// The largest even divisor of a row of inputs that fits a tile.
int stepOf(int run) {
  int step = std::min(longestStep, run);
  while (step > 2 && (step % 2 != 0 || run % step != 0))
    --step;
  return step;
}

/// How the sum walks: `rows` times `runs` runs of inputs that lie behind each other in the image, in steps of a tile. In
/// the weight all of them follow each other.
struct Walk {
  int rows, runs, steps;
  int64_t rowBytes, runBytes, stepBytes; ///< Between them in the image.
  int64_t pixelBytes;                    ///< Between the pixels of a tile.
  int64_t weightRowBytes, weightStepBytes;
};

/// Sums of one or two tiles of pixels with one or two of outputs, each of which is loaded once for both of the other kind.
/// Tiles: 0 to 3 sums, 4 and 5 pixels, 6 and 7 weights.
template <int pixelTiles, int outputTiles>
[[gnu::target("amx-tile,amx-bf16")]] void sumUp(const Walk &walk, const uint8_t *const (&pixels)[2],
                                                const uint8_t *const (&weights)[2], float *const (&sums)[2],
                                                int64_t sumBytes) {
  _tile_zero(0);
  if constexpr (outputTiles > 1)
    _tile_zero(1);
  if constexpr (pixelTiles > 1)
    _tile_zero(2);
  if constexpr (pixelTiles > 1 && outputTiles > 1)
    _tile_zero(3);
  int64_t weight = 0;
  for (int row = 0; row < walk.rows; ++row)
    for (int run = 0; run < walk.runs; ++run) {
      int64_t pixel = row * walk.rowBytes + run * walk.runBytes;
      for (int step = 0; step < walk.steps; ++step) {
        _tile_loadd(4, pixels[0] + pixel, walk.pixelBytes);
        _tile_loadd(6, weights[0] + weight, walk.weightRowBytes);
        _tile_dpbf16ps(0, 4, 6);
        if constexpr (outputTiles > 1) {
          _tile_loadd(7, weights[1] + weight, walk.weightRowBytes);
          _tile_dpbf16ps(1, 4, 7);
        }
        if constexpr (pixelTiles > 1) {
          _tile_loadd(5, pixels[1] + pixel, walk.pixelBytes);
          _tile_dpbf16ps(2, 5, 6);
        }
        if constexpr (pixelTiles > 1 && outputTiles > 1)
          _tile_dpbf16ps(3, 5, 7);
        pixel += walk.stepBytes;
        weight += walk.weightStepBytes;
      }
    }
  _tile_stored(0, sums[0], sumBytes);
  if constexpr (outputTiles > 1)
    _tile_stored(1, sums[0] + tileOutputs, sumBytes);
  if constexpr (pixelTiles > 1)
    _tile_stored(2, sums[1], sumBytes);
  if constexpr (pixelTiles > 1 && outputTiles > 1)
    _tile_stored(3, sums[1] + tileOutputs, sumBytes);
}

using Sum = void (*)(const Walk &, const uint8_t *const (&)[2], const uint8_t *const (&)[2], float *const (&)[2],
                     int64_t);

Sum sumOf(bool twoOfPixels, bool twoOfOutputs) {
  if (twoOfPixels)
    return twoOfOutputs ? sumUp<2, 2> : sumUp<2, 1>;
  return twoOfOutputs ? sumUp<1, 2> : sumUp<1, 1>;
}

/// A dimension of the result, and how far apart its elements lie in the result and in the image.
struct Axis {
  int extent;
  int64_t sumStride, imageBytes;
};

/// Two tiles of pixels: `first` behind each other along an axis, and `second` that begin `apart` elements further along
/// it, or, where that is 0, on the next place of the other axis.
struct TilePair {
  int first, second, apart;
};

TilePair pairAlong(int extent, int across) {
  if (extent <= tileRows)
    return {extent, across > 1 ? extent : 0, 0};
  const int pairs = (extent + 2 * tileRows - 1) / (2 * tileRows), pixels = (extent + pairs - 1) / pairs;
  return {(pixels + 1) / 2, pixels / 2, (pixels + 1) / 2};
}

TileConfig configOf(const TilePair &pixels, int step) {
  const int second = std::max(1, pixels.second);
  TileConfig config;
  for (int tile : {0, 1, 2, 3})
    config.set(tile, tile < 2 ? pixels.first : second, tileOutputs * int(sizeof(float)));
  config.set(4, pixels.first, bytes * step);
  config.set(5, second, bytes * step);
  for (int tile : {6, 7}) // Pairs of inputs.
    config.set(tile, step / 2, 2 * bytes * tileOutputs);
  return config;
}

void askFor(HalideDimension &dim, int min, int extent) {
  dim.min = min;
  dim.extent = extent;
}

} // namespace

[[gnu::target("amx-tile,amx-bf16")]] int fovea_amx_sums(HalideBuffer *image, HalideBuffer *weight, int32_t strideX,
                                                        int32_t strideY, int32_t dilationX, int32_t dilationY,
                                                        int32_t beforeX, int32_t beforeY, int32_t channels,
                                                        int32_t outputsOfGroup, int32_t inputsOfGroup,
                                                        HalideBuffer *sums) {
  const HalideDimension &results = sums->dim[0], &x = sums->dim[1], &y = sums->dim[2], &n = sums->dim[3];
  const int pairs = weight->dim[1].extent, kernelColumns = weight->dim[2].extent, kernelRows = weight->dim[3].extent;
  const bool flat = image->dimensions == 2; // Of (input, image).
  const int left = x.min * strideX - beforeX, top = y.min * strideY - beforeY;
  if (!image->host || !sums->host) {
    if (!image->host && !flat) {
      askFor(image->dim[0], 0, channels);
      askFor(image->dim[1], left, (x.extent - 1) * strideX + (kernelColumns - 1) * dilationX + 1);
      askFor(image->dim[2], top, (y.extent - 1) * strideY + (kernelRows - 1) * dilationY + 1);
      askFor(image->dim[3], n.min, n.extent);
    }
    return 0;
  }

  const int64_t imageX = flat ? 0 : bytes * int64_t(image->dim[1].stride),
                imageY = flat ? 0 : bytes * int64_t(image->dim[2].stride),
                imageN = bytes * int64_t(image->dim[flat ? 1 : 3].stride);
  const uint8_t *start = image->host + (n.min - image->dim[flat ? 1 : 3].min) * imageN;
  if (!flat)
    start += (left - image->dim[1].min) * imageX + (top - image->dim[2].min) * imageY;

  // A row of the kernel is one run where its columns lie behind each other.
  const int inputs = 2 * pairs;
  const bool whole = dilationX == 1 && imageX == bytes * inputs;
  const int run = whole ? kernelColumns * inputs : inputs, step = stepOf(run);
  const int64_t weightRow = bytes * int64_t(weight->dim[1].stride);
  Walk walk{kernelRows, whole ? 1 : kernelColumns, run / step, dilationY * imageY, dilationX * imageX, bytes * step, 0,
            weightRow, weightRow * step / 2};

  // Tiles go along the columns; of a single pixel along the images.
  Axis along{x.extent, x.stride, strideX * imageX}, across{y.extent, y.stride, strideY * imageY},
      beyond{n.extent, n.stride, imageN};
  if (x.extent == 1 && y.extent == 1)
    std::swap(along, beyond);
  // Rows that follow each other without a gap, as those of 1 x 1 kernels do, are one.
  if (across.imageBytes == along.extent * along.imageBytes && across.sumStride == along.extent * along.sumStride) {
    along.extent *= across.extent;
    across.extent = 1;
  }
  walk.pixelBytes = along.imageBytes;
  const TilePair tiles = pairAlong(along.extent, across.extent);
  const int sumBytes = int(along.sumStride) * int(sizeof(float));

  const TileConfig config = configOf(tiles, step);
  _tile_loadconfig(&config);

  const int block = weight->dim[0].extent / 2;
  const int pixels = tiles.apart ? tiles.first + tiles.second : tiles.first;
  const Axis toSecond{1, tiles.apart ? tiles.apart * along.sumStride : across.sumStride,
                      tiles.apart ? tiles.apart * along.imageBytes : across.imageBytes};
  const int lines = tiles.apart || tiles.second == 0 ? 1 : 2;
  auto weightsOf = [&](int channel) {
    return weight->host + bytes * (channel / block * int64_t(weight->dim[4].stride) + channel % block * 2);
  };
  for (int c = 0; c < results.extent; c += 2 * tileOutputs) {
    const int channel = results.min + c, group = channel / outputsOfGroup;
    const bool two = c + tileOutputs < results.extent && (channel + tileOutputs) / outputsOfGroup == group;
    const uint8_t *const weights[2] = {weightsOf(channel), two ? weightsOf(channel + tileOutputs) : nullptr};
    const uint8_t *const inGroup = start + bytes * group * inputsOfGroup;
    const Sum sumUp = sumOf(tiles.second > 0, two);
    auto *const result = reinterpret_cast<float *>(sums->host) + c;
    for (int at = 0; at < beyond.extent; ++at)
      for (int line = 0; line < across.extent; line += lines)
        for (int pixel = 0; pixel < along.extent; pixel += pixels) {
          // The last tiles are shifted back over what is done already.
          const int l = std::min(line, across.extent - lines), p = std::min(pixel, along.extent - pixels);
          const uint8_t *first = inGroup + at * beyond.imageBytes + l * across.imageBytes + p * along.imageBytes;
          float *firstSum = result + at * beyond.sumStride + l * across.sumStride + p * along.sumStride;
          const uint8_t *const from[2] = {first, first + toSecond.imageBytes};
          float *const to[2] = {firstSum, firstSum + toSecond.sumStride};
          sumUp(walk, from, weights, to, sumBytes);
        }
    if (!two)
      c -= tileOutputs;
  }
  _tile_release();
  return 0;
}
