// Labelled images in memory, as bytes, and how they become the network's input.
#pragma once

#include "runtime/Array.h"

namespace fovea {

enum class Split { Train, Test };

struct Dataset {
  std::string imagesFile, labelsFile; // for messages
  int64_t count = 0, channels = 1, height = 0, width = 0;
  std::vector<uint8_t> images; // [count, channels, height, width]
  std::vector<int32_t> labels; // [count], each in 0..classes-1
};

/// value = (byte - mean) * scale, after `pad` pixels of byte 0 were added on each side.
struct Preprocess {
  float scale = 1, mean = 0;
  int64_t pad = 0;
};

/// Loads MNIST's (or Fashion-MNIST's, ...) IDX files from `directory`: `train-images-idx3-ubyte` and
/// `train-labels-idx1-ubyte`, or `t10k-...` for the test set, with '.' for the second '-' too, plain or `.gz`.
/// Labels must be in 0..classes-1; classes 0 checks nothing. Throws Error with the remedy.
Dataset loadMnist(const std::string &directory, Split split, int64_t classes = 10);

/// Throws Error, with both sizes, unless images of `dataset` with `preprocess` are the network's `input` [C, H, W].
void checkFits(const Dataset &dataset, const Preprocess &preprocess, std::span<const int64_t> input);

/// Writes images `indices` as float32 [indices.size(), C, H + 2 pad, W + 2 pad] to `out`.
void fillBatch(const Dataset &dataset, std::span<const int64_t> indices, const Preprocess &preprocess, float *out);

/// Writes the labels of `indices`.
void fillLabels(const Dataset &dataset, std::span<const int64_t> indices, int32_t *out);

/// One image of bytes [C, H, W] as float32 [C, H + 2 pad, W + 2 pad]; what fillBatch does for each.
void fillImage(const uint8_t *bytes, int64_t channels, int64_t height, int64_t width, const Preprocess &preprocess,
               float *out);

} // namespace fovea
