#include "runtime/Preprocess.h"

#include "runtime/Random.h"

#include <algorithm>

namespace fovea {

namespace {

/// The network's value of each byte: one rounding, the same everywhere.
std::array<float, 256> byteValues(float mean, float scale) {
  std::array<float, 256> values;
  for (int byte = 0; byte < 256; ++byte)
    values[size_t(byte)] = (float(byte) - mean) * scale;
  return values;
}

/// The part of a row of outputs that shows the image, [begin, end), and the first column it shows.
struct Span {
  int64_t begin, end, first;
};

Span visible(int64_t outputs, int64_t inputs, int64_t offset) {
  const int64_t begin = std::clamp<int64_t>(-offset, 0, outputs);
  return {begin, std::clamp<int64_t>(inputs - offset, begin, outputs), begin + offset};
}

/// Principal components of the colours of ImageNet's pixels, 0 to 255 (cuda-convnet2's input_meta).
struct Component {
  double deviation;
  std::array<double, 3> direction;
};
constexpr Component components[] = {{19.7208, {0.41796, -0.71258, -0.56351}},
                                    {37.0939, {-0.81698, -0.02354, -0.57618}},
                                    {121.7801, {0.39731, 0.70120, -0.59200}}};

} // namespace

std::array<int64_t, 2> preprocessedSize(const Preprocess &preprocess, int64_t height, int64_t width) {
  if (preprocess.crop > 0)
    return {preprocess.crop, preprocess.crop};
  return {height + 2 * preprocess.pad, width + 2 * preprocess.pad};
}

View centreView(const Preprocess &preprocess, int64_t height, int64_t width) {
  const auto [rows, columns] = preprocessedSize(preprocess, height, width);
  return {(height + 2 * preprocess.pad - rows) / 2, (width + 2 * preprocess.pad - columns) / 2, false};
}

std::vector<View> testViews(const Preprocess &preprocess, int64_t height, int64_t width, int64_t count) {
  const auto [rows, columns] = preprocessedSize(preprocess, height, width);
  const int64_t bottom = height + 2 * preprocess.pad - rows, right = width + 2 * preprocess.pad - columns;
  std::vector<View> views{centreView(preprocess, height, width)};
  if (count >= 5)
    views.insert(views.end(), {{0, 0}, {0, right}, {bottom, 0}, {bottom, right}});
  for (size_t i = 0; count == 10 && i < 5; ++i) {
    View mirrored = views[i];
    mirrored.mirror = true;
    views.push_back(mirrored);
  }
  return views;
}

View drawnView(const Preprocess &preprocess, int64_t height, int64_t width, uint64_t seed, int64_t epoch,
               int64_t index) {
  const auto [rows, columns] = preprocessedSize(preprocess, height, width);
  Random random(seed, streamOf("view") ^ (uint64_t(epoch) << 40) ^ uint64_t(index));
  View view;
  view.top = random.below(uint32_t(height + 2 * preprocess.pad - rows + 1));
  view.left = random.below(uint32_t(width + 2 * preprocess.pad - columns + 1));
  view.mirror = random.below(2) == 1 && preprocess.mirror;
  if (preprocess.colourNoise > 0)
    for (const Component &component : components) {
      const double along = random.normal() * double(preprocess.colourNoise) * component.deviation;
      for (size_t channel = 0; channel < 3; ++channel)
        view.colour[channel] += float(along * component.direction[channel]);
    }
  return view;
}

void fillImage(const uint8_t *bytes, int64_t channels, int64_t height, int64_t width, const Preprocess &preprocess,
               const View &view, float *out) {
  const auto [rows, columns] = preprocessedSize(preprocess, height, width);
  const bool perPixel = preprocess.means.size() > size_t(channels);
  const Span across = visible(columns, width, view.left - preprocess.pad);
  std::array<float, 256> values{};
  if (preprocess.means.empty())
    values = byteValues(preprocess.mean, preprocess.scale);
  const float border = preprocess.means.empty() ? values[0] : 0;
  for (int64_t c = 0; c < channels; ++c) {
    if (!preprocess.means.empty() && !perPixel)
      values = byteValues(preprocess.means[size_t(c)], preprocess.scale);
    for (int64_t y = 0; y < rows; ++y, out += columns) {
      const int64_t row = y + view.top - preprocess.pad;
      if (row < 0 || row >= height) {
        std::fill_n(out, columns, border);
        continue;
      }
      std::fill(out, out + across.begin, border);
      std::fill(out + across.end, out + columns, border);
      const int64_t first = (c * height + row) * width + across.first;
      const uint8_t *from = bytes + first;
      if (perPixel) {
        const float *mean = preprocess.means.data() + first;
        for (int64_t x = across.begin; x < across.end; ++x)
          out[x] = (float(*from++) - *mean++) * preprocess.scale;
      } else {
        for (int64_t x = across.begin; x < across.end; ++x)
          out[x] = values[*from++];
      }
      if (view.mirror)
        std::reverse(out, out + columns);
      if (channels == 3 && view.colour[size_t(c)] != 0)
        for (int64_t x = 0; x < columns; ++x)
          out[x] += view.colour[size_t(c)] * preprocess.scale;
    }
  }
}

} // namespace fovea
