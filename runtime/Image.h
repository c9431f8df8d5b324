// PNG and JPEG files, and what makes a picture of any size fit a network's input.
#pragma once

#include "runtime/Array.h"
#include "runtime/Dataset.h"

namespace fovea {

/// 8-bit grey (1 channel) or RGB (3), row by row, channels innermost.
struct Image {
  int64_t height = 0, width = 0, channels = 1;
  std::vector<uint8_t> pixels;
};

/// Decodes a PNG or JPEG, told apart by their first bytes. Transparency is laid over white. Throws Error naming the
/// file: neither format, damaged, truncated, or larger than 64 million pixels (checked before memory is taken).
Image readImage(const std::string &path);

/// ITU-R BT.601 luma / three equal channels.
Image toGrey(const Image &image);
Image toRgb(const Image &image);

/// Each axis on its own: area average where it shrinks, bilinear where it grows, untouched where it stays.
Image resize(const Image &image, int64_t height, int64_t width);

/// Writes the picture as planes [channels, height, width].
void toPlanes(const Image &image, uint8_t *planes);

/// 255 - each byte.
Image invert(const Image &image);

/// True when the frame of outermost pixels is brighter than middle grey in the mean: dark ink on light paper.
bool hasBrightBorder(const Image &image);

/// MNIST's digits are white on black. Auto inverts a picture with a bright border, for networks with one channel.
enum class Inversion { Auto, Never, Always };

/// Fits `image` into `input` [1 or 3, H, W] less the padding, or, where the recipe crops, into the size of the images that it
/// crops, whose centre is then taken; converts to grey or RGB, inverts as asked, and writes the network's float32 input. Returns the fitted bytes (before padding), for showing what the network sees.
Image imageToInput(const Image &image, std::span<const int64_t> input, const Preprocess &preprocess,
                   Inversion inversion, float *out);

} // namespace fovea
