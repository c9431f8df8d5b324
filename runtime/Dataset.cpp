#include "runtime/Dataset.h"

#include "runtime/Error.h"
#include "runtime/Folder.h"
#include "runtime/Idx.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fmt/format.h>
#include <functional>
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
  constexpr int64_t most = 10000;
  const int64_t step = dataset.files.empty() ? 1 : std::max<int64_t>(1, dataset.count / most);
  std::vector<uint64_t> sums(static_cast<size_t>(elements));
  int64_t summed = 0;
  auto add = [&](const uint8_t *bytes) {
    for (uint64_t &sum : sums)
      sum += *bytes++;
    ++summed;
  };
  constexpr int64_t together = 256; // Decoded in parallel, summed in their order: so many are in memory at once.
  std::vector<std::vector<uint8_t>> decoded(together);
  for (int64_t first = 0; first < dataset.count; first += together * step) {
    const int64_t part = std::min(together, (dataset.count - first + step - 1) / step);
    if (!dataset.files.empty())
      forEachInParallel(part, [&](int64_t i) { decoded[size_t(i)] = decodeExample(dataset, first + i * step); });
    for (int64_t i = 0; i < part; ++i)
      if (dataset.files.empty())
        add(dataset.images.data() + (first + i) * elements);
      else if (!decoded[size_t(i)].empty())
        add(decoded[size_t(i)].data());
  }
  FloatTensor mean{{dataset.channels}, {}};
  if (perPixel)
    mean.shape = {dataset.channels, dataset.height, dataset.width};
  const int64_t pixels = perPixel ? 1 : plane;
  for (int64_t first = 0; first < elements; first += pixels) {
    const uint64_t sum = std::accumulate(sums.begin() + first, sums.begin() + first + pixels, uint64_t(0));
    mean.values.push_back(float(double(sum) / double(std::max<int64_t>(summed, 1) * pixels)));
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

namespace {

/// Does `body` for each place of a batch: in parallel where pictures have to be decoded.
void forEachPlace(const Dataset &dataset, int64_t count, const std::function<void(int64_t)> &body) {
  if (!dataset.files.empty())
    return forEachInParallel(count, body);
  for (int64_t place = 0; place < count; ++place)
    body(place);
}

/// The image's bytes, in memory or decoded into `decoded`; null for a damaged picture.
const uint8_t *bytesOf(const Dataset &dataset, int64_t index, std::vector<uint8_t> &decoded) {
  if (dataset.files.empty())
    return dataset.images.data() + index * dataset.channels * dataset.height * dataset.width;
  decoded = decodeExample(dataset, index);
  return decoded.empty() ? nullptr : decoded.data();
}

int64_t viewFloats(const Dataset &dataset, const Preprocess &preprocess) {
  const auto [rows, columns] = preprocessedSize(preprocess, dataset.height, dataset.width);
  return dataset.channels * rows * columns;
}

} // namespace

void fillBatch(const Dataset &dataset, std::span<const int64_t> indices, const Preprocess &preprocess,
               const Draws &draws, float *images, int32_t *labels) {
  const int64_t floats = viewFloats(dataset, preprocess);
  forEachPlace(dataset, int64_t(indices.size()), [&](int64_t place) {
    int64_t index = indices[size_t(place)];
    std::vector<uint8_t> decoded;
    const uint8_t *bytes = bytesOf(dataset, index, decoded);
    for (int64_t tried = 1; !bytes; ++tried) {
      if (tried == dataset.count)
        throw Error(fmt::format("{}: every picture is damaged", dataset.imagesFile));
      index = (index + 1) % dataset.count;
      bytes = bytesOf(dataset, index, decoded);
    }
    const View view = drawnView(preprocess, dataset.height, dataset.width, draws.seed, draws.epoch, index);
    fillImage(bytes, dataset.channels, dataset.height, dataset.width, preprocess, view, images + place * floats);
    labels[place] = dataset.labels[size_t(index)];
  });
}

void fillViews(const Dataset &dataset, std::span<const int64_t> indices, const Preprocess &preprocess,
               std::span<const View> views, float *images, int32_t *labels) {
  const int64_t floats = viewFloats(dataset, preprocess), count = int64_t(views.size());
  forEachPlace(dataset, int64_t(indices.size()), [&](int64_t place) {
    float *out = images + place * count * floats;
    std::vector<uint8_t> decoded;
    const uint8_t *bytes = bytesOf(dataset, indices[size_t(place)], decoded);
    labels[place] = bytes ? dataset.labels[size_t(indices[size_t(place)])] : -1;
    if (!bytes)
      std::fill_n(out, count * floats, 0.0f);
    for (int64_t v = 0; bytes && v < count; ++v)
      fillImage(bytes, dataset.channels, dataset.height, dataset.width, preprocess, views[size_t(v)], out + v * floats);
  });
}

} // namespace fovea
