#include "runtime/Dataset.h"

#include "runtime/Error.h"
#include "runtime/Idx.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fmt/format.h>
#include <set>

namespace fovea {

namespace {

/// The names in `directory`, so that what is missing can be told from what cannot be read.
std::set<std::string> listFolder(const std::string &directory) {
  DIR *folder = ::opendir(directory.c_str());
  if (!folder) {
    int code = errno;
    throw Error(fmt::format("{}: {}; give the folder that holds MNIST's four IDX files", directory,
                            code == ENOENT    ? "there is no such directory"
                            : code == ENOTDIR ? "is not a directory"
                                              : fmt::format("cannot be read: {}", std::strerror(code))));
  }
  std::set<std::string> names;
  while (dirent *entry = ::readdir(folder))
    names.insert(entry->d_name);
  ::closedir(folder);
  return names;
}

/// The file for `role` ("train-images", 3), in any of the spellings in use; plain before gzip.
std::string findIdx(const std::string &directory, const std::set<std::string> &names, const std::string &role,
                    int rank) {
  for (const char *ending : {"", ".gz"})
    for (const char *separator : {"-", "."})
      if (std::string name = fmt::format("{}{}idx{}-ubyte{}", role, separator, rank, ending); names.count(name))
        return directory + (directory.ends_with('/') ? "" : "/") + name;
  throw Error(fmt::format("{}: has no file {}-idx{}-ubyte or {}-idx{}-ubyte.gz; give the folder that holds MNIST's "
                          "four IDX files",
                          directory, role, rank, role, rank));
}

/// The network's value of each byte: one rounding, the same everywhere.
std::array<float, 256> byteValues(const Preprocess &preprocess) {
  std::array<float, 256> values;
  for (int byte = 0; byte < 256; ++byte)
    values[size_t(byte)] = (float(byte) - preprocess.mean) * preprocess.scale;
  return values;
}

void fillWith(const std::array<float, 256> &values, const uint8_t *bytes, int64_t channels, int64_t height,
              int64_t width, int64_t pad, float *out) {
  const float zero = values[0];
  const int64_t outWidth = width + 2 * pad;
  for (int64_t c = 0; c < channels; ++c) {
    out = std::fill_n(out, pad * outWidth, zero);
    for (int64_t y = 0; y < height; ++y) {
      out = std::fill_n(out, pad, zero);
      for (int64_t x = 0; x < width; ++x)
        *out++ = values[*bytes++];
      out = std::fill_n(out, pad, zero);
    }
    out = std::fill_n(out, pad * outWidth, zero);
  }
}

} // namespace

Dataset loadMnist(const std::string &directory, Split split, int64_t classes) {
  std::set<std::string> names = listFolder(directory);
  const std::string role = split == Split::Train ? "train" : "t10k";
  Dataset dataset;
  dataset.imagesFile = findIdx(directory, names, role + "-images", 3);
  dataset.labelsFile = findIdx(directory, names, role + "-labels", 1);

  // Labels first: they are small, and most mistakes show there.
  IdxArray labels = readIdx(dataset.labelsFile, 1);
  dataset.labels.assign(labels.values.begin(), labels.values.end());
  for (size_t i = 0; i < dataset.labels.size(); ++i)
    if (classes > 0 && dataset.labels[i] >= classes)
      throw Error(fmt::format("label {} at index {} of {} is out of range 0..{}", dataset.labels[i], i,
                              dataset.labelsFile, classes - 1));

  IdxArray images = readIdx(dataset.imagesFile, 3);
  dataset.count = images.shape[0];
  dataset.height = images.shape[1];
  dataset.width = images.shape[2];
  dataset.images = std::move(images.values);
  if (dataset.count != int64_t(dataset.labels.size()))
    throw Error(fmt::format("{} holds {} images, but {} holds {} labels; the two files do not belong together",
                            dataset.imagesFile, dataset.count, dataset.labelsFile, dataset.labels.size()));
  if (dataset.images.empty())
    throw Error(fmt::format("{}: holds no pixels: its sizes are {}", dataset.imagesFile, shapeText(images.shape)));
  return dataset;
}

void checkFits(const Dataset &dataset, const Preprocess &preprocess, std::span<const int64_t> input) {
  const int64_t pad = preprocess.pad;
  const int64_t padded[] = {dataset.channels, dataset.height + 2 * pad, dataset.width + 2 * pad};
  if (std::ranges::equal(padded, input))
    return;
  const int64_t plain[] = {dataset.channels, dataset.height, dataset.width};
  throw Error(fmt::format("{}: images are {}{}, but the network's input is {}", dataset.imagesFile, shapeText(plain),
                          pad ? fmt::format(", {} with the recipe's pad of {}", shapeText(padded), pad) : "",
                          shapeText(input)));
}

void fillBatch(const Dataset &dataset, std::span<const int64_t> indices, const Preprocess &preprocess, float *out) {
  const std::array<float, 256> values = byteValues(preprocess);
  const int64_t bytes = dataset.channels * dataset.height * dataset.width;
  const int64_t floats =
      dataset.channels * (dataset.height + 2 * preprocess.pad) * (dataset.width + 2 * preprocess.pad);
  for (int64_t index : indices) {
    fillWith(values, dataset.images.data() + index * bytes, dataset.channels, dataset.height, dataset.width,
             preprocess.pad, out);
    out += floats;
  }
}

void fillLabels(const Dataset &dataset, std::span<const int64_t> indices, int32_t *out) {
  for (int64_t index : indices)
    *out++ = dataset.labels[size_t(index)];
}

void fillImage(const uint8_t *bytes, int64_t channels, int64_t height, int64_t width, const Preprocess &preprocess,
               float *out) {
  fillWith(byteValues(preprocess), bytes, channels, height, width, preprocess.pad, out);
}

} // namespace fovea
