#include "runtime/Dataset.h"

#include "runtime/Error.h"
#include "runtime/Idx.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fmt/format.h>
#include <numeric>
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
  checkLabels(dataset, classes);

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

void checkLabels(const Dataset &dataset, int64_t classes) {
  for (size_t i = 0; i < dataset.labels.size(); ++i)
    if (classes > 0 && dataset.labels[i] >= classes)
      throw Error(fmt::format("label {} at index {} of {} is out of range 0..{}", dataset.labels[i], i,
                              dataset.labelsFile, classes - 1));
}

FloatTensor meanOf(const Dataset &dataset, bool perPixel) {
  const int64_t plane = dataset.height * dataset.width, elements = dataset.channels * plane;
  std::vector<uint64_t> sums(static_cast<size_t>(elements));
  const uint8_t *byte = dataset.images.data();
  for (int64_t image = 0; image < dataset.count; ++image)
    for (uint64_t &sum : sums)
      sum += *byte++;
  FloatTensor mean{{dataset.channels}, {}};
  if (perPixel)
    mean.shape = {dataset.channels, dataset.height, dataset.width};
  const int64_t together = perPixel ? 1 : plane;
  for (int64_t first = 0; first < elements; first += together) {
    const uint64_t sum = std::accumulate(sums.begin() + first, sums.begin() + first + together, uint64_t(0));
    mean.values.push_back(float(double(sum) / double(dataset.count * together)));
  }
  return mean;
}

void checkFits(const Dataset &dataset, const Preprocess &preprocess, std::span<const int64_t> input) {
  const int64_t pad = preprocess.pad, crop = preprocess.crop;
  const int64_t plain[] = {dataset.channels, dataset.height, dataset.width};
  if (crop > dataset.height + 2 * pad || crop > dataset.width + 2 * pad)
    throw Error(fmt::format("{}: images are {}, smaller than the recipe's crop of {}", dataset.imagesFile,
                            shapeText(plain), crop));
  const auto [rows, columns] = preprocessedSize(preprocess, dataset.height, dataset.width);
  const int64_t made[] = {dataset.channels, rows, columns};
  if (!std::ranges::equal(made, input))
    throw Error(fmt::format("{}: images are {}{}, but the network's input is {}", dataset.imagesFile, shapeText(plain),
                            crop  ? fmt::format(", {} with the recipe's crop of {}", shapeText(made), crop)
                            : pad ? fmt::format(", {} with the recipe's pad of {}", shapeText(made), pad)
                                  : "",
                            shapeText(input)));
  const size_t means = preprocess.means.size(), elements = size_t(plain[0] * plain[1] * plain[2]);
  if (means > 0 && means != size_t(dataset.channels) && means != elements)
    throw Error(fmt::format("{}: images are {}, but the mean has {} values; it belongs to other images",
                            dataset.imagesFile, shapeText(plain), means));
}

void fillBatch(const Dataset &dataset, std::span<const int64_t> indices, const Preprocess &preprocess, float *out,
               const Draws *draws) {
  const int64_t height = dataset.height, width = dataset.width, bytes = dataset.channels * height * width;
  const auto [rows, columns] = preprocessedSize(preprocess, height, width);
  for (int64_t index : indices) {
    const View view = draws ? drawnView(preprocess, height, width, draws->seed, draws->epoch, index)
                            : centreView(preprocess, height, width);
    fillImage(dataset.images.data() + index * bytes, dataset.channels, height, width, preprocess, view, out);
    out += dataset.channels * rows * columns;
  }
}

void fillLabels(const Dataset &dataset, std::span<const int64_t> indices, int32_t *out) {
  for (int64_t index : indices)
    *out++ = dataset.labels[size_t(index)];
}

} // namespace fovea
