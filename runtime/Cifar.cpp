// CIFAR-10 (Krizhevsky 2009), as published or as pictures in folders.
#include "runtime/Dataset.h"
#include "runtime/Error.h"
#include "runtime/File.h"
#include "runtime/Folder.h"
#include "runtime/Image.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace fovea {

namespace {

constexpr int64_t side = 32, pixels = 3 * side * side;

/// Appends the images of one of the published files: for each a byte of label and 3 x 1024 of red, green and blue.
void readBatch(const std::string &path, Dataset &dataset) {
  const std::vector<uint8_t> file = readFile(path);
  if (file.empty() || file.size() % (1 + pixels) != 0)
    throw Error(fmt::format("{}: has {} bytes, which is no whole number of images of {} bytes; is it cut short?", path,
                            file.size(), 1 + pixels));
  for (size_t at = 0; at < file.size(); at += 1 + pixels) {
    dataset.labels.push_back(file[at]);
    dataset.images.insert(dataset.images.end(), file.begin() + int64_t(at) + 1, file.begin() + int64_t(at + 1 + pixels));
  }
  dataset.count = int64_t(dataset.labels.size());
}

/// Decodes every picture of a folder of classes into planes of bytes; all must be of the first's size.
void readPictures(Dataset &dataset, const PictureFolder &folder) {
  const Image first = toRgb(readImage(folder.files.front()));
  dataset.channels = 3;
  dataset.height = first.height;
  dataset.width = first.width;
  dataset.count = int64_t(folder.files.size());
  dataset.labels = folder.labels;
  dataset.classNames = folder.classes;
  const int64_t plane = first.height * first.width;
  dataset.images.resize(size_t(dataset.count * 3 * plane));
  forEachInParallel(dataset.count, [&](int64_t index) {
    const std::string &path = folder.files[size_t(index)];
    const Image image = toRgb(readImage(path));
    if (image.height != first.height || image.width != first.width)
      throw Error(fmt::format("{}: is {} x {} pixels, but {} is {} x {}; resize the pictures, or use the data kind "
                              "image_folder",
                              path, image.width, image.height, folder.files.front(), first.width, first.height));
    toPlanes(image, dataset.images.data() + index * 3 * plane);
  });
}

} // namespace

Dataset loadCifar10(const std::string &directory, Split split, int64_t classes) {
  namespace fs = std::filesystem;
  const bool train = split == Split::Train;
  Dataset dataset;
  dataset.channels = 3;
  std::error_code ignored;
  if (const std::string pictures = directory + (train ? "/train" : "/test"); fs::is_directory(pictures, ignored)) {
    dataset.imagesFile = dataset.labelsFile = pictures;
    readPictures(dataset, listPictures(pictures));
  } else {
    std::vector<std::string> files;
    for (int number = 1; train && number <= 5; ++number)
      files.push_back(fmt::format("{}/data_batch_{}.bin", directory, number));
    if (!train)
      files.push_back(directory + "/test_batch.bin");
    if (!fs::exists(files.front(), ignored))
      throw Error(fmt::format("{}: has neither {} nor a folder {}; give the folder of CIFAR-10's binary files, or one "
                              "with train/CLASS/ and test/CLASS/ full of pictures",
                              directory, fs::path(files.front()).filename().string(), train ? "train" : "test"));
    dataset.height = dataset.width = side;
    dataset.imagesFile = dataset.labelsFile = files.front();
    for (const std::string &file : files)
      readBatch(file, dataset);
    dataset.classNames = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
  }
  checkLabels(dataset, classes);
  return dataset;
}

} // namespace fovea
