// Labelled images in memory, as bytes, and how they become the network's input.
#pragma once

#include "runtime/Preprocess.h"

#include <memory>
#include <string>

namespace fovea {

enum class Split { Train, Test };

struct Dataset {
  std::string imagesFile, labelsFile; // for messages
  int64_t count = 0, channels = 1, height = 0, width = 0;
  std::vector<uint8_t> images;         // [count, channels, height, width]
  std::vector<int32_t> labels;         // [count], each in 0..classes-1
  std::vector<std::string> classNames; // empty: classes have numbers only
  std::vector<std::string> files;      // instead of `images`: pictures to be decoded when they are needed
  bool strict = false;                 // a damaged picture is an error; otherwise it is named and left out
  std::shared_ptr<struct BrokenFiles> broken;
};

/// Loads MNIST's (or Fashion-MNIST's, ...) IDX files from `directory`: `train-images-idx3-ubyte` and
/// `train-labels-idx1-ubyte`, or `t10k-...` for the test set, with '.' for the second '-' too, plain or `.gz`.
/// Labels must be in 0..classes-1; classes 0 checks nothing. Throws Error with the remedy.
Dataset loadMnist(const std::string &directory, Split split, int64_t classes = 10);

/// Loads CIFAR-10 from `directory`: the published binary files (data_batch_1.bin to data_batch_5.bin, test_batch.bin),
/// or pictures of one size in train/CLASS/ and test/CLASS/. Colour planes in the order red, green, blue.
Dataset loadCifar10(const std::string &directory, Split split, int64_t classes = 10);

/// Lists the pictures of `directory`/train/CLASS/, or of val/CLASS/ or test/CLASS/. Each becomes a square of `side`
/// pixels: its shorter side is resized, and the middle taken. The number of classes must be the network's.
Dataset loadImageFolder(const std::string &directory, Split split, int64_t side, int64_t channels, int64_t classes,
                        bool strict);

/// The picture as the planes [channels, side, side] that loadImageFolder's images have.
std::vector<uint8_t> picturePlanes(const struct Image &image, int64_t channels, int64_t side);

/// Decodes a picture of `files`; empty when it is damaged, which is told once on standard error.
std::vector<uint8_t> decodeExample(const Dataset &dataset, int64_t index);

/// The damaged pictures that have been left out so far.
std::vector<std::string> brokenNames(const Dataset &dataset);

/// Throws Error naming the first label that is not in 0..classes-1; classes 0 checks nothing.
void checkLabels(const Dataset &dataset, int64_t classes);

/// The mean of all images (of at most 10,000 spread evenly, when they have to be decoded): of each element [C, H, W],
/// or of each channel [C].
FloatTensor meanOf(const Dataset &dataset, bool perPixel);

/// Throws Error, with both sizes, unless images of `dataset` with `preprocess` are the network's `input` [C, H, W].
void checkFits(const Dataset &dataset, const Preprocess &preprocess, std::span<const int64_t> input);

/// Where random crops and mirroring come from.
struct Draws {
  uint64_t seed = 0;
  int64_t epoch = 0;
};

/// A batch to train on: images `indices` in drawn views, float32 [indices.size(), C, preprocessedSize], and their
/// labels. A damaged picture's place is taken by the next whole one.
void fillBatch(const Dataset &dataset, std::span<const int64_t> indices, const Preprocess &preprocess,
               const Draws &draws, float *images, int32_t *labels);

/// Images to be judged: `views` of images `indices`, float32 [indices.size(), views.size(), C, preprocessedSize], and
/// their labels. A damaged picture is zeros with the label -1.
void fillViews(const Dataset &dataset, std::span<const int64_t> indices, const Preprocess &preprocess,
               std::span<const View> views, float *images, int32_t *labels);

} // namespace fovea
