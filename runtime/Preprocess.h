// How an image of bytes becomes the network's input: crop, mirror, padding, mean and scale.
#pragma once

#include "runtime/Array.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace fovea {

/// value = (byte - mean) * scale of a crop of the padded image.
struct Preprocess {
  float scale = 1, mean = 0;
  int64_t pad = 0;          ///< Pixels on each side: byte 0; with `means`, the value 0.
  int64_t crop = 0;         ///< Side of the square that is taken; 0: the whole padded image.
  int64_t resize = 0;       ///< Side of the images that are cropped, for pictures of other sizes.
  bool mirror = false;      ///< Half of the training images are mirrored.
  float colourNoise = 0;    ///< Strength of the paper's noise along the principal components of colour, in training.
  std::vector<float> means; ///< Instead of `mean`: one per channel, or one per element of the unpadded image [C,H,W].
};

/// Which crop of an image, and whether it is mirrored.
struct View {
  int64_t top = 0, left = 0; ///< In the padded image.
  bool mirror = false;
  std::array<float, 3> colour{}; ///< Added to the red, green and blue bytes.
};

/// Height and width of the network's input for images of [height, width].
std::array<int64_t, 2> preprocessedSize(const Preprocess &preprocess, int64_t height, int64_t width);

/// The crop in the middle, as evaluation takes it.
View centreView(const Preprocess &preprocess, int64_t height, int64_t width);

/// 1 view: the centre; 5: the centre and the corners; 10: these and their mirror images.
std::vector<View> testViews(const Preprocess &preprocess, int64_t height, int64_t width, int64_t count);

/// A random crop, mirroring and colour, a function of (seed, epoch, index) alone. Of the two readings of Krizhevsky et
/// al. 2012, section 4.1, the colour follows Krizhevsky's program: along each component, a normal number times the
/// strength times the standard deviation (not the variance) of ImageNet's pixels.
View drawnView(const Preprocess &preprocess, int64_t height, int64_t width, uint64_t seed, int64_t epoch,
               int64_t index);

/// One image of bytes [C, H, W] as float32 [C, preprocessedSize].
void fillImage(const uint8_t *bytes, int64_t channels, int64_t height, int64_t width, const Preprocess &preprocess,
               const View &view, float *out);

} // namespace fovea
