// Labelled images in memory, as bytes, and how they become the network's input.
#pragma once

#include "runtime/Preprocess.h"

#include <string>

namespace fovea {

enum class Split { Train, Test };

struct Dataset {
  std::string imagesFile, labelsFile; // for messages
  int64_t count = 0, channels = 1, height = 0, width = 0;
  std::vector<uint8_t> images;         // [count, channels, height, width]
  std::vector<int32_t> labels;         // [count], each in 0..classes-1
  std::vector<std::string> classNames; // empty: classes have numbers only
};

/// Loads MNIST's (or Fashion-MNIST's, ...) IDX files from `directory`: `train-images-idx3-ubyte` and
/// `train-labels-idx1-ubyte`, or `t10k-...` for the test set, with '.' for the second '-' too, plain or `.gz`.
/// Labels must be in 0..classes-1; classes 0 checks nothing. Throws Error with the remedy.
Dataset loadMnist(const std::string &directory, Split split, int64_t classes = 10);

/// Loads CIFAR-10 from `directory`: the published binary files (data_batch_1.bin to data_batch_5.bin, test_batch.bin), or
/// pictures of one size in train/CLASS/ and test/CLASS/. Colour planes in the order red, green, blue.
Dataset loadCifar10(const std::string &directory, Split split, int64_t classes = 10);

/// Throws Error naming the first label that is not in 0..classes-1; classes 0 checks nothing.
void checkLabels(const Dataset &dataset, int64_t classes);

/// The mean of all images: of each element [C, H, W], or of each channel [C].
FloatTensor meanOf(const Dataset &dataset, bool perPixel);

/// Throws Error, with both sizes, unless images of `dataset` with `preprocess` are the network's `input` [C, H, W].
void checkFits(const Dataset &dataset, const Preprocess &preprocess, std::span<const int64_t> input);

/// Where random crops and mirroring come from.
struct Draws {
  uint64_t seed = 0;
  int64_t epoch = 0;
};

/// Writes images `indices` as float32 [indices.size(), C, preprocessedSize] to `out`: their centres, or drawn views.
void fillBatch(const Dataset &dataset, std::span<const int64_t> indices, const Preprocess &preprocess, float *out,
               const Draws *draws = nullptr);

/// Writes the labels of `indices`.
void fillLabels(const Dataset &dataset, std::span<const int64_t> indices, int32_t *out);

} // namespace fovea
