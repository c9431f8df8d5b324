// Folders of photographs of any size: listed when they are loaded, decoded when a batch needs them.
#include "runtime/Dataset.h"
#include "runtime/Error.h"
#include "runtime/Folder.h"
#include "runtime/Image.h"

#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <set>

namespace fovea {

struct BrokenFiles {
  std::mutex lock;
  std::set<std::string> names;
};

namespace {

/// The middle square of the picture, `side` pixels wide: its shorter side is resized, what the longer has more is cut off
/// (Krizhevsky et al. 2012, section 2).
Image middleSquare(const Image &image, int64_t side) {
  const int64_t shorter = std::min(image.height, image.width);
  auto scaled = [&](int64_t extent) { return std::max(side, (extent * side + shorter / 2) / shorter); };
  const Image fitted = resize(image, scaled(image.height), scaled(image.width));
  if (fitted.height == side && fitted.width == side)
    return fitted;
  Image square{side, side, fitted.channels, {}};
  const int64_t top = (fitted.height - side) / 2, left = (fitted.width - side) / 2, row = side * fitted.channels;
  square.pixels.resize(size_t(side * row));
  for (int64_t y = 0; y < side; ++y)
    std::copy_n(fitted.pixels.begin() + ((top + y) * fitted.width + left) * fitted.channels, row,
                square.pixels.begin() + y * row);
  return square;
}

} // namespace

std::vector<uint8_t> picturePlanes(const Image &image, int64_t channels, int64_t side) {
  const Image square = middleSquare(channels == 1 ? toGrey(image) : toRgb(image), side);
  std::vector<uint8_t> planes(square.pixels.size());
  toPlanes(square, planes.data());
  return planes;
}

Dataset loadImageFolder(const std::string &directory, Split split, int64_t side, int64_t channels, int64_t classes,
                        bool strict) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  std::string pictures;
  for (const char *name : split == Split::Train ? std::vector<const char *>{"train"} : std::vector<const char *>{"val", "test"})
    if (pictures.empty() && fs::is_directory(directory + "/" + name, ignored))
      pictures = directory + "/" + name;
  if (pictures.empty())
    throw Error(fmt::format("{}: has no folder {}; expected {}/CLASS/ with each class's pictures in it", directory,
                            split == Split::Train ? "train" : "val (or test)",
                            split == Split::Train ? "train" : "val"));
  PictureFolder folder = listPictures(pictures);
  if (classes > 0 && int64_t(folder.classes.size()) != classes)
    throw Error(fmt::format("{}: has {} classes, but the network tells {} apart; change its last layer, or the folder",
                            pictures, folder.classes.size(), classes));
  Dataset dataset;
  dataset.imagesFile = dataset.labelsFile = pictures;
  dataset.count = int64_t(folder.files.size());
  dataset.channels = channels;
  dataset.height = dataset.width = side;
  dataset.files = std::move(folder.files);
  dataset.labels = std::move(folder.labels);
  dataset.classNames = std::move(folder.classes);
  dataset.strict = strict;
  dataset.broken = std::make_shared<BrokenFiles>();
  return dataset;
}

std::vector<uint8_t> decodeExample(const Dataset &dataset, int64_t index) {
  const std::string &path = dataset.files[size_t(index)];
  try {
    return picturePlanes(readImage(path), dataset.channels, dataset.height);
  } catch (const Error &problem) {
    if (dataset.strict)
      throw;
    std::lock_guard guard(dataset.broken->lock);
    if (dataset.broken->names.insert(path).second)
      std::fprintf(stderr, "warning: %s; the picture is left out (--strict stops here)\n", problem.what());
    return {};
  }
}

std::vector<std::string> brokenNames(const Dataset &dataset) {
  if (!dataset.broken)
    return {};
  std::lock_guard guard(dataset.broken->lock);
  return {dataset.broken->names.begin(), dataset.broken->names.end()};
}

} // namespace fovea
