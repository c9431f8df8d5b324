#include "runtime/Image.h"

#include "runtime/Error.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fovea {

Image toGrey(const Image &image) {
  if (image.channels == 1)
    return image;
  Image grey{image.height, image.width, 1, std::vector<uint8_t>(size_t(image.height * image.width))};
  const uint8_t *from = image.pixels.data();
  for (uint8_t &pixel : grey.pixels) {
    // BT.601 in 16-bit fixed point, rounded; the coefficients add up to 65536, so grey stays grey.
    pixel = uint8_t((from[0] * 19595u + from[1] * 38470u + from[2] * 7471u + 32768u) >> 16);
    from += 3;
  }
  return grey;
}

Image toRgb(const Image &image) {
  if (image.channels == 3)
    return image;
  Image rgb{image.height, image.width, 3, {}};
  rgb.pixels.reserve(image.pixels.size() * 3);
  for (uint8_t pixel : image.pixels)
    rgb.pixels.insert(rgb.pixels.end(), 3, pixel);
  return rgb;
}

namespace {

/// What one output pixel takes from one axis of the input.
struct Tap {
  int64_t begin = 0;
  std::vector<float> weights; // of begin, begin + 1, ...; they add up to 1
};

std::vector<Tap> axisTaps(int64_t in, int64_t out) {
  std::vector<Tap> taps(static_cast<size_t>(out));
  const double ratio = double(in) / double(out);
  for (int64_t i = 0; i < out; ++i) {
    Tap &tap = taps[size_t(i)];
    if (in == out) {
      tap = {i, {1}};
    } else if (in > out) {
      // The input's pixels [i * ratio, (i + 1) * ratio), the first and the last in part.
      const double begin = double(i) * ratio, end = std::min(double(i + 1) * ratio, double(in));
      tap.begin = int64_t(begin);
      for (int64_t p = tap.begin; double(p) < end && p < in; ++p)
        tap.weights.push_back(float((std::min(end, double(p + 1)) - std::max(begin, double(p))) / (end - begin)));
    } else {
      const double centre = std::clamp((double(i) + 0.5) * ratio - 0.5, 0.0, double(in - 1));
      tap.begin = std::min(int64_t(centre), std::max<int64_t>(in - 2, 0));
      const float right = float(centre - double(tap.begin));
      tap.weights = in == 1 ? std::vector<float>{1} : std::vector<float>{1 - right, right};
    }
  }
  return taps;
}

} // namespace

Image resize(const Image &image, int64_t height, int64_t width) {
  if (image.height == height && image.width == width)
    return image;
  const std::vector<Tap> rows = axisTaps(image.height, height), columns = axisTaps(image.width, width);
  Image result{height, width, image.channels, std::vector<uint8_t>(size_t(height * width * image.channels))};
  // A row of output at a time: gather its input rows into one, then its columns. Only one row of floats is kept.
  const int64_t rowBytes = image.width * image.channels;
  std::vector<float> row(static_cast<size_t>(rowBytes));
  uint8_t *to = result.pixels.data();
  for (const Tap &vertical : rows) {
    std::fill(row.begin(), row.end(), 0.0f);
    const uint8_t *from = image.pixels.data() + vertical.begin * rowBytes;
    for (float weight : vertical.weights)
      for (float &sum : row)
        sum += weight * float(*from++);
    for (const Tap &horizontal : columns)
      for (int64_t c = 0; c < image.channels; ++c) {
        float sum = 0;
        const float *pixel = row.data() + horizontal.begin * image.channels + c;
        for (float weight : horizontal.weights) {
          sum += weight * *pixel;
          pixel += image.channels;
        }
        *to++ = uint8_t(std::clamp(std::lround(sum), 0L, 255L));
      }
  }
  return result;
}

Image invert(const Image &image) {
  Image result = image;
  for (uint8_t &byte : result.pixels)
    byte = uint8_t(255 - byte);
  return result;
}

bool hasBrightBorder(const Image &image) {
  const Image grey = toGrey(image);
  int64_t sum = 0, count = 0;
  for (int64_t y = 0; y < grey.height; ++y)
    for (int64_t x = 0; x < grey.width; ++x)
      if (y == 0 || x == 0 || y == grey.height - 1 || x == grey.width - 1) {
        sum += grey.pixels[size_t(y * grey.width + x)];
        ++count;
      }
  return sum * 2 > count * 255;
}

void toPlanes(const Image &image, uint8_t *planes) {
  const size_t plane = size_t(image.height * image.width), channels = size_t(image.channels);
  for (size_t i = 0; i < plane; ++i)
    for (size_t c = 0; c < channels; ++c)
      planes[c * plane + i] = image.pixels[i * channels + c];
}

Image imageToInput(const Image &image, std::span<const int64_t> input, const Preprocess &preprocess,
                   Inversion inversion, float *out) {
  int64_t height = input.size() == 3 ? input[1] - 2 * preprocess.pad : 0;
  int64_t width = input.size() == 3 ? input[2] - 2 * preprocess.pad : 0;
  if (preprocess.crop > 0)
    height = width = preprocess.crop;
  if (height <= 0 || width <= 0 || (input[0] != 1 && input[0] != 3))
    throw Error(fmt::format("the network's input is {} with a pad of {}; pictures fit inputs [1, H, W] or [3, H, W] "
                            "larger than their padding; give --input X.npy instead",
                            shapeText(input), preprocess.pad));
  if (preprocess.resize > 0 && preprocess.crop > 0) { // As image_folder does it.
    const std::vector<uint8_t> planes = picturePlanes(image, input[0], preprocess.resize);
    const int64_t side = preprocess.resize;
    fillImage(planes.data(), input[0], side, side, preprocess, centreView(preprocess, side, side), out);
    return image;
  }
  Image fitted = resize(input[0] == 1 ? toGrey(image) : toRgb(image), height, width);
  if (inversion == Inversion::Always ||
      (inversion == Inversion::Auto && fitted.channels == 1 && hasBrightBorder(image)))
    fitted = invert(fitted);
  std::vector<uint8_t> planes(fitted.pixels.size());
  toPlanes(fitted, planes.data());
  fillImage(planes.data(), fitted.channels, height, width, preprocess, centreView(preprocess, height, width), out);
  return fitted;
}

} // namespace fovea
