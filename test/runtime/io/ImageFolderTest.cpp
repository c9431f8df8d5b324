// Photographs in folders: which are found, how they become squares, what is told of the damaged ones; Exif.
#include "runtime/Dataset.h"
#include "runtime/Exif.h"
#include "runtime/Image.h"
#include "test/runtime/io/Expect.h"
#include "test/runtime/io/Seeds.h"

#include <filesystem>

using namespace fovea;
using namespace fovea::test;

namespace {

struct ImageFolder : testing::Test {
  TemporaryFolder folder;

  /// A grey PNG whose bytes count up from `first`.
  void write(const std::string &name, int first, int height, int width) {
    std::filesystem::create_directories(std::filesystem::path(folder.file(name)).parent_path());
    std::string pixels;
    for (int i = 0; i < height * width; ++i)
      pixels += char(first + i);
    folder.write(name, png(uint32_t(width), uint32_t(height), pixels));
  }
  void damage(const std::string &name) { folder.write(name, slurp(folder.file(name)).substr(0, 45)); }
  Dataset load(Split split, bool strict = false, int64_t classes = 2) {
    return loadImageFolder(folder.path, split, 2, 1, classes, strict);
  }
};

TEST_F(ImageFolder, TakesTheMiddleSquareOfTheShorterSide) {
  write("train/a/wide.png", 0, 2, 6);
  write("train/b/tall.PNG", 100, 4, 2);
  const Dataset data = load(Split::Train);
  EXPECT_EQ(data.count, 2);
  EXPECT_EQ(data.classNames, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(decodeExample(data, 0), (std::vector<uint8_t>{2, 3, 8, 9}));
  EXPECT_EQ(decodeExample(data, 1), (std::vector<uint8_t>{102, 103, 104, 105}));
}

TEST_F(ImageFolder, TakesValOrTestToEvaluate) {
  write("test/a/1.png", 0, 2, 2);
  write("test/b/1.png", 0, 2, 2);
  EXPECT_EQ(load(Split::Test).imagesFile, folder.file("test"));
  write("val/a/1.png", 0, 2, 2);
  write("val/b/1.png", 0, 2, 2);
  EXPECT_EQ(load(Split::Test).imagesFile, folder.file("val"));
}

TEST_F(ImageFolder, TellsWhatIsMissing) {
  EXPECT_ERROR(load(Split::Train), folder.path, "has no folder train", "train/CLASS/");
  write("train/a/1.png", 0, 2, 2);
  EXPECT_ERROR(load(Split::Train), "train: has 1 classes, but the network tells 2 apart");
  std::filesystem::create_directories(folder.file("train/b"));
  EXPECT_ERROR(load(Split::Train), "train/b", "holds no .jpg");
}

TEST_F(ImageFolder, LeavesDamagedPicturesOut) {
  write("train/a/1.png", 10, 2, 2);
  write("train/a/2.png", 20, 2, 2);
  write("train/b/3.png", 30, 2, 2);
  damage("train/a/2.png");
  const Dataset data = load(Split::Train);
  const int64_t indices[] = {0, 1};
  std::vector<float> images(8);
  int32_t labels[2];
  const View whole;
  fillViews(data, indices, {}, {&whole, 1}, images.data(), labels);
  EXPECT_EQ(labels[0], 0);
  EXPECT_EQ(labels[1], -1); // Evaluation does not count it.
  EXPECT_EQ(images[4], 0);
  const Draws draws{1, 0};
  fillBatch(data, indices, {}, draws, images.data(), labels);
  EXPECT_EQ(labels[1], 1); // Training takes the next one.
  EXPECT_EQ(images[4], 30);
  EXPECT_EQ(brokenNames(data).size(), 1u);
  EXPECT_EQ(meanOf(data, false).values, std::vector<float>{(11.5f + 31.5f) / 2});

  const Dataset strict = load(Split::Train, true);
  EXPECT_ERROR(fillViews(strict, indices, {}, {&whole, 1}, images.data(), labels), "a/2.png", "cannot be decoded");
}

TEST_F(ImageFolder, TellsWhenNothingIsWhole) {
  write("train/a/1.png", 10, 2, 2);
  write("train/b/1.png", 10, 2, 2);
  damage("train/a/1.png");
  damage("train/b/1.png");
  const Dataset data = load(Split::Train);
  const int64_t index = 0;
  std::vector<float> images(4);
  int32_t label;
  const Draws draws{1, 0};
  EXPECT_ERROR(fillBatch(data, {&index, 1}, {}, draws, images.data(), &label), "every picture is damaged");
}

TEST(ColourNoise, IsOneColourAnImageAndFollowsTheComponents) {
  Preprocess preprocess{.colourNoise = 0.1f};
  double squares[3] = {};
  constexpr int count = 4000;
  for (int index = 0; index < count; ++index) {
    const View view = drawnView(preprocess, 2, 2, 1, 0, index);
    for (int c = 0; c < 3; ++c)
      squares[c] += double(view.colour[size_t(c)]) * double(view.colour[size_t(c)]) / count;
  }
  // Variances of the channels: sums of (0.1 deviation direction)^2 over the components.
  EXPECT_NEAR(squares[0], 0.01 * (67.9 + 918.4 + 2341.1), 2);
  EXPECT_NEAR(squares[1], 0.01 * (197.5 + 0.8 + 7283.7), 5);
  EXPECT_NEAR(squares[2], 0.01 * (123.5 + 456.8 + 5197.4), 4);
  const uint8_t bytes[12] = {};
  std::vector<float> out(12);
  fillImage(bytes, 3, 2, 2, {.scale = 2}, {0, 0, false, {1, 2, 3}}, out.data());
  EXPECT_EQ(out, (std::vector<float>{2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6}));
}

/// An Exif segment with an orientation among other entries, in either byte order.
std::vector<uint8_t> exif(int orientation, bool little) {
  std::string text("Exif\0\0", 6);
  auto put = [&](uint64_t value, int width) { text += little ? fovea::test::little(value, width) : big(value, width); };
  text += little ? "II" : "MM";
  put(42, 2);
  put(8, 4);
  put(2, 2);
  for (int tag : {0x010f, 0x0112}) {
    put(uint64_t(tag), 2);
    put(3, 2);
    put(1, 4);
    put(uint64_t(tag == 0x0112 ? orientation : 7), 2);
    put(0, 2);
  }
  return {text.begin(), text.end()};
}

TEST(Exif, FindsTheOrientation) {
  for (bool little : {true, false})
    for (int orientation = 1; orientation <= 8; ++orientation)
      EXPECT_EQ(exifOrientation(exif(orientation, little)), orientation);
  EXPECT_EQ(exifOrientation(exif(9, true)), 1);
}

TEST(Exif, TurnsTheJpegThatHoldsIt) {
  TemporaryFolder folder;
  const std::string plain = jpeg(16, 8, 1, std::string(64, 20) + std::string(64, char(220)));
  const std::vector<uint8_t> segment = exif(6, true); // The file's first column is the upright picture's top row.
  const std::string turned = plain.substr(0, 2) + "\xff\xe1" + big(segment.size() + 2, 2) +
                             std::string(segment.begin(), segment.end()) + plain.substr(2);
  const Image stored = readImage(folder.write("stored.jpg", plain)), read = readImage(folder.write("turned.jpg", turned));
  EXPECT_EQ(read.height, 16);
  EXPECT_EQ(read.width, 8);
  EXPECT_EQ(read.pixels, upright(stored, 6).pixels);
}

TEST(Exif, TakesNonsenseAsUpright) {
  const std::vector<uint8_t> whole = exif(6, true);
  for (size_t length = 0; length < whole.size(); ++length) {
    const std::vector<uint8_t> part(whole.begin(),
                                    whole.begin() + int64_t(length)); // Of its own: reads past it are seen.
    const int orientation = exifOrientation(part);
    EXPECT_TRUE(orientation == 1 || orientation == 6);
  }
}

TEST(Exif, TurnsEachOrientationUpright) {
  // Upright: 1 2 3 / 4 5 6. What a file of each orientation holds instead (Exif 2.3, section 4.6.4).
  const Image upright{2, 3, 1, {1, 2, 3, 4, 5, 6}};
  const Image stored[] = {{2, 3, 1, {1, 2, 3, 4, 5, 6}}, {2, 3, 1, {3, 2, 1, 6, 5, 4}}, {2, 3, 1, {6, 5, 4, 3, 2, 1}},
                          {2, 3, 1, {4, 5, 6, 1, 2, 3}}, {3, 2, 1, {1, 4, 2, 5, 3, 6}}, {3, 2, 1, {3, 6, 2, 5, 1, 4}},
                          {3, 2, 1, {6, 3, 5, 2, 4, 1}}, {3, 2, 1, {4, 1, 5, 2, 6, 3}}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image turned = fovea::upright(stored[orientation - 1], orientation);
    EXPECT_EQ(turned.height, 2) << orientation;
    EXPECT_EQ(turned.pixels, upright.pixels) << orientation;
  }
}

} // namespace
