// CIFAR-10's files and folders; crops, mirroring and means.
#include "runtime/Dataset.h"
#include "runtime/Folder.h"
#include "test/runtime/io/Expect.h"
#include "test/runtime/io/Seeds.h"

#include <atomic>
#include <filesystem>
#include <set>

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr int bytesOfImage = 3 * 32 * 32;

/// Images whose bytes are all `label * 20 + plane`, one after another.
std::string batch(const std::vector<int> &labels) {
  std::string file;
  for (int label : labels) {
    file += char(label);
    for (int plane = 0; plane < 3; ++plane)
      file += std::string(32 * 32, char(label * 20 + plane));
  }
  return file;
}

struct Cifar : testing::Test {
  TemporaryFolder folder;
  void writeTraining() {
    for (int number = 1; number <= 5; ++number)
      folder.write("data_batch_" + std::to_string(number) + ".bin", batch({number, 0}));
  }
};

TEST_F(Cifar, ReadsTheBinaryFiles) {
  writeTraining();
  folder.write("test_batch.bin", batch({9}));
  const Dataset train = loadCifar10(folder.path, Split::Train), test = loadCifar10(folder.path, Split::Test);
  EXPECT_EQ(train.count, 10);
  EXPECT_EQ(train.labels, (std::vector<int32_t>{1, 0, 2, 0, 3, 0, 4, 0, 5, 0}));
  EXPECT_EQ(train.images[size_t(4 * bytesOfImage)], 60);
  EXPECT_EQ(train.images[size_t(5 * bytesOfImage - 1)], 62);
  EXPECT_EQ(test.count, 1);
  EXPECT_EQ(test.classNames.at(9), "truck");
}

TEST_F(Cifar, TellsAFileCutShort) {
  writeTraining();
  folder.write("data_batch_3.bin", batch({1}).substr(0, 3000));
  EXPECT_ERROR(loadCifar10(folder.path, Split::Train), "data_batch_3.bin", "3000 bytes", "3073 bytes", "cut short");
  folder.write("data_batch_3.bin", "");
  EXPECT_ERROR(loadCifar10(folder.path, Split::Train), "data_batch_3.bin", "0 bytes");
}

TEST_F(Cifar, TellsWhatIsMissing) {
  EXPECT_ERROR(loadCifar10(folder.path, Split::Test), folder.path, "neither test_batch.bin nor a folder test");
  folder.write("test_batch.bin", batch({11}));
  EXPECT_ERROR(loadCifar10(folder.path, Split::Test), "label 11 at index 0", "out of range 0..9");
}

struct CifarPictures : Cifar {
  /// PNGs of one colour; the red of each is its number.
  void write(const std::string &name, int red, int side = 4) {
    std::filesystem::create_directories(std::filesystem::path(folder.file(name)).parent_path());
    PngOptions options;
    options.type = 2; // RGB
    std::string pixels;
    for (int i = 0; i < side * side; ++i)
      pixels += {char(red), char(100), char(200)};
    folder.write(name, png(side, side, pixels, options));
  }
};

TEST_F(CifarPictures, AreSortedByClassAndName) {
  write("test/dog/2.png", 2);
  write("test/dog/1.PNG", 1);
  write("test/cat/7.png", 7);
  folder.write("test/cat/notes.txt", "not a picture");
  const Dataset data = loadCifar10(folder.path, Split::Test);
  EXPECT_EQ(data.classNames, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(data.labels, (std::vector<int32_t>{0, 1, 1}));
  const size_t image = 3 * 4 * 4;
  EXPECT_EQ(data.images[0], 7);
  EXPECT_EQ(data.images[image], 1);
  EXPECT_EQ(data.images[2 * image], 2);
  EXPECT_EQ(data.images[2 * image + 16], 100);
  EXPECT_EQ(data.images[2 * image + 32], 200);
}

TEST_F(CifarPictures, MustBeOfOneSize) {
  write("train/a/1.png", 1);
  write("train/a/2.png", 2, 5);
  EXPECT_ERROR(loadCifar10(folder.path, Split::Train), "2.png: is 5 x 5 pixels", "1.png is 4 x 4");
}

TEST_F(CifarPictures, TellEmptyFolders) {
  std::filesystem::create_directories(folder.file("train"));
  EXPECT_ERROR(loadCifar10(folder.path, Split::Train), "holds no folders");
  std::filesystem::create_directories(folder.file("train/a"));
  EXPECT_ERROR(loadCifar10(folder.path, Split::Train), "train/a", "holds no .jpg, .jpeg or .png file");
}

TEST_F(CifarPictures, NameTheOneThatIsDamaged) {
  write("train/a/1.png", 1);
  folder.write("train/a/2.png", slurp(folder.file("train/a/1.png")).substr(0, 40));
  EXPECT_ERROR(loadCifar10(folder.path, Split::Train), "a/2.png", "cannot be decoded");
}

/// One image whose byte at (c, y, x) is 100 c + 10 y + x.
Dataset counting(int64_t height, int64_t width) {
  Dataset data;
  data.imagesFile = "made";
  data.count = 1;
  data.channels = 2;
  data.height = height;
  data.width = width;
  for (int c = 0; c < 2; ++c)
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        data.images.push_back(uint8_t(100 * c + 10 * y + x));
  data.labels = {0};
  return data;
}

TEST(View, TakesTheCentre) {
  const Dataset data = counting(5, 6);
  Preprocess crop{.crop = 3};
  std::vector<float> out(2 * 3 * 3);
  const int64_t first = 0;
  int32_t label = -1;
  const std::vector<View> centre = testViews(crop, 5, 6, 1);
  fillViews(data, {&first, 1}, crop, centre, out.data(), &label);
  EXPECT_EQ(out, (std::vector<float>{11, 12, 13, 21, 22, 23, 31, 32, 33, 111, 112, 113, 121, 122, 123, 131, 132, 133}));
}

TEST(View, TenViewsAreCentreAndCornersBothWaysRound) {
  const Dataset data = counting(5, 6);
  Preprocess crop{.crop = 3};
  const std::vector<View> views = testViews(crop, 5, 6, 10);
  ASSERT_EQ(views.size(), 10u);
  const size_t elements = 2 * 3 * 3;
  std::vector<float> out(10 * elements);
  const int64_t first = 0;
  int32_t label = -1;
  fillViews(data, {&first, 1}, crop, views, out.data(), &label);
  std::vector<float> begins, ends;
  for (size_t v = 0; v < 10; ++v) {
    begins.push_back(out[v * elements]);
    ends.push_back(out[v * elements + 8]);
  }
  EXPECT_EQ(begins, (std::vector<float>{11, 0, 3, 20, 23, 13, 2, 5, 22, 25}));
  EXPECT_EQ(ends, (std::vector<float>{33, 22, 25, 42, 45, 31, 20, 23, 40, 43}));
  EXPECT_EQ(testViews(crop, 5, 6, 5).size(), 5u);
}

TEST(View, DrawsEveryCropBothWaysRound) {
  const Dataset data = counting(4, 4);
  Preprocess crop{.crop = 3, .mirror = true};
  std::set<std::vector<float>> seen;
  const int64_t first = 0;
  for (int64_t epoch = 0; epoch < 200; ++epoch) {
    std::vector<float> out(2 * 3 * 3), again(out);
    const Draws draws{7, epoch};
    int32_t label = -1;
    fillBatch(data, {&first, 1}, crop, draws, out.data(), &label);
    fillBatch(data, {&first, 1}, crop, draws, again.data(), &label);
    EXPECT_EQ(out, again);
    seen.insert(out);
  }
  EXPECT_EQ(seen.size(), 8u); // Four places, mirrored or not.
}

TEST(View, SubtractsTheMeanOfEachElementAlsoOfACrop) {
  const Dataset data = counting(3, 3);
  Preprocess preprocess{.scale = 2, .pad = 1, .crop = 3};
  preprocess.means = meanOf(data, true).values; // The image itself: everything becomes zero.
  std::vector<float> out(2 * 3 * 3, -1);
  fillImage(data.images.data(), 2, 3, 3, preprocess, {2, 0, false}, out.data());
  EXPECT_EQ(out, std::vector<float>(2 * 3 * 3, 0)); // Padding is zero, too.
  preprocess.means = {1, 101};
  fillImage(data.images.data(), 2, 3, 3, preprocess, {1, 1, true}, out.data());
  EXPECT_EQ(out[0], 2);
  EXPECT_EQ(out[2], -2);
  EXPECT_EQ(out[9], 2);
}

TEST(Mean, IsOfEachElementOrChannel) {
  Dataset data = counting(1, 2);
  data.images = {0, 10, 100, 110, 20, 30, 120, 131};
  data.count = 2;
  EXPECT_EQ(meanOf(data, true).values, (std::vector<float>{10, 20, 110, 120.5}));
  EXPECT_EQ(meanOf(data, false).values, (std::vector<float>{15, 115.25}));
}

TEST(Fits, ComparesCropsAndMeansWithTheNetwork) {
  const Dataset data = counting(5, 6);
  const int64_t input[] = {2, 3, 3}, large[] = {2, 7, 7};
  checkFits(data, {.crop = 3}, input);
  EXPECT_ERROR(checkFits(data, {.crop = 4}, input), "[2, 4, 4] with the recipe's crop of 4", "[2, 3, 3]");
  EXPECT_ERROR(checkFits(data, {.crop = 7}, large), "images are [2, 5, 6], smaller than the recipe's crop of 7");
  Preprocess preprocess{.crop = 3};
  preprocess.means = {1, 2, 3};
  EXPECT_ERROR(checkFits(data, preprocess, input), "the mean has 3 values");
}

TEST(ForEachInParallel, CallsEachOnceAndThrowsTheFirstError) {
  std::vector<std::atomic<int>> calls(100);
  forEachInParallel(100, [&](int64_t index) { ++calls[size_t(index)]; });
  for (const auto &count : calls)
    EXPECT_EQ(count, 1);
  EXPECT_ERROR(forEachInParallel(100,
                                 [&](int64_t index) {
                                   if (index >= 40)
                                     throw Error("at " + std::to_string(index));
                                 }),
               "at 40");
}

} // namespace
