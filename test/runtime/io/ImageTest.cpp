#include "runtime/Image.h"
#include "test/runtime/io/Expect.h"
#include "test/runtime/io/Seeds.h"

#include <cstring>
#include <png.h>
#include <zlib.h>

using namespace fovea;
using namespace fovea::test;

namespace {

using Bytes = std::vector<uint8_t>;

struct Pictures : testing::Test {
  TemporaryFolder folder;
  Image read(const std::string &contents) { return readImage(folder.write("picture", contents)); }
};

TEST_F(Pictures, readsGreyPngOfEveryDepth) {
  EXPECT_EQ(read(png(4, 1, "\xa0", {PNG_COLOR_TYPE_GRAY, 1})).pixels, (Bytes{255, 0, 255, 0}));
  EXPECT_EQ(read(png(4, 1, "\x1b", {PNG_COLOR_TYPE_GRAY, 2})).pixels, (Bytes{0, 85, 170, 255}));
  EXPECT_EQ(read(png(2, 1, "\x1f", {PNG_COLOR_TYPE_GRAY, 4})).pixels, (Bytes{17, 255}));
  EXPECT_EQ(read(png(2, 1, "\x07\xc8")).pixels, (Bytes{7, 200}));
  EXPECT_EQ(read(png(2, 1, std::string("\xff\xff\x01\x01", 4), {PNG_COLOR_TYPE_GRAY, 16})).pixels, (Bytes{255, 1}));
}

TEST_F(Pictures, readsColourAndPalettes) {
  Image rgb = read(png(1, 2, "\x01\x02\x03\x04\x05\x06", {PNG_COLOR_TYPE_RGB}));
  EXPECT_EQ(rgb.channels, 3);
  EXPECT_EQ(rgb.height, 2);
  EXPECT_EQ(rgb.pixels, (Bytes{1, 2, 3, 4, 5, 6}));
  for (int depth : {1, 2, 4, 8})
    EXPECT_EQ(read(png(1, 1, std::string(1, char(1 << (8 - depth))), {PNG_COLOR_TYPE_PALETTE, depth})).pixels,
              (Bytes{1, 2, 254}))
        << depth;
}

TEST_F(Pictures, laysTransparencyOverWhite) {
  // Opaque black, clear black, half-clear black.
  const std::string greyAlpha("\x00\xff\x00\x00\x00\x80", 6);
  EXPECT_EQ(read(png(3, 1, greyAlpha, {PNG_COLOR_TYPE_GRAY_ALPHA})).pixels, (Bytes{0, 255, 127}));
  const std::string rgba("\x09\x08\x07\xff\x00\x00\x00\x00", 8);
  EXPECT_EQ(read(png(2, 1, rgba, {PNG_COLOR_TYPE_RGB_ALPHA})).pixels, (Bytes{9, 8, 7, 255, 255, 255}));
  const std::string rgba16("\x00\x00\x00\x00\x00\x00\x00\x00", 8);
  EXPECT_EQ(read(png(1, 1, rgba16, {PNG_COLOR_TYPE_RGB_ALPHA, 16})).pixels, (Bytes{255, 255, 255}));
  EXPECT_EQ(read(png(2, 1, std::string("\x00\x05", 2), {PNG_COLOR_TYPE_GRAY, 8, false, true})).pixels, (Bytes{255, 5}));
  EXPECT_EQ(read(png(2, 1, "\x40", {PNG_COLOR_TYPE_GRAY, 1, false, true})).pixels, (Bytes{255, 255}));
  EXPECT_EQ(read(png(2, 1, std::string("\x00\x01", 2), {PNG_COLOR_TYPE_PALETTE, 8, false, true})).pixels,
            (Bytes{255, 255, 255, 1, 2, 254}));
}

TEST_F(Pictures, readsInterlacedPng) {
  std::string rows(9 * 11, '\0');
  for (size_t i = 0; i < rows.size(); ++i)
    rows[i] = char(i);
  EXPECT_EQ(read(png(9, 11, rows, {PNG_COLOR_TYPE_GRAY, 8, true})).pixels, read(png(9, 11, rows)).pixels);
}

TEST_F(Pictures, readsJpeg) {
  Image grey = read(jpeg(8, 8, 1, std::string(64, '\x64')));
  EXPECT_EQ(grey.channels, 1);
  EXPECT_NEAR(grey.pixels[30], 100, 1);
  std::string red;
  for (int i = 0; i < 64; ++i)
    red += std::string("\xff\x00\x00", 3);
  for (bool progressive : {false, true}) {
    Image rgb = read(jpeg(8, 8, 3, red, progressive));
    ASSERT_EQ(rgb.channels, 3);
    EXPECT_NEAR(rgb.pixels[0], 255, 3);
    EXPECT_NEAR(rgb.pixels[1], 0, 3);
  }
}

TEST_F(Pictures, readsCmykJpeg) {
  // Adobe's polarity: 255 is no ink. Full cyan ink, nothing else: cyan.
  std::string cyan, plain;
  for (int i = 0; i < 64; ++i) {
    cyan += std::string("\x00\xff\xff\xff", 4);
    plain += std::string("\xff\x00\x00\x00", 4);
  }
  for (const std::string &bytes : {jpeg(8, 8, 4, cyan), jpeg(8, 8, 4, plain, false, false)}) {
    Image rgb = read(bytes);
    ASSERT_EQ(rgb.channels, 3);
    EXPECT_NEAR(rgb.pixels[0], 0, 3);
    EXPECT_NEAR(rgb.pixels[1], 255, 3);
    EXPECT_NEAR(rgb.pixels[2], 255, 3);
  }
}

TEST_F(Pictures, refusesOtherFormats) {
  EXPECT_ERROR(read("GIF89a"), "picture: is neither a PNG nor a JPEG");
  EXPECT_ERROR(read(""), "neither");
}

TEST_F(Pictures, refusesTruncatedFiles) {
  const std::string whole = png(9, 9, std::string(81, 'x')), photo = jpeg(40, 40, 1, std::string(1600, 'x'));
  for (size_t size = 8; size < whole.size(); ++size)
    EXPECT_ERROR(read(whole.substr(0, size)), "picture: cannot be decoded as PNG");
  for (size_t size = 3; size < photo.size(); size += 7)
    EXPECT_ERROR(read(photo.substr(0, size)), "picture: cannot be decoded as JPEG");
}

TEST_F(Pictures, refusesDamagedPng) {
  std::string bytes = png(9, 9, std::string(81, 'x'));
  bytes[bytes.size() - 16] ^= 1; // the checksum of the pixels' chunk
  EXPECT_ERROR(read(bytes), "cannot be decoded as PNG", "CRC");
}

std::string withSizes(std::string bytes, uint32_t width, uint32_t height) {
  bytes.replace(16, 8, big(width, 4) + big(height, 4));
  const uint64_t crc = crc32(0, reinterpret_cast<const Bytef *>(bytes.data()) + 12, 17);
  return bytes.replace(29, 4, big(crc, 4));
}

TEST_F(Pictures, checksSizesBeforeTakingMemory) {
  const std::string bytes = png(1, 1, "x");
  EXPECT_ERROR(read(withSizes(bytes, 100'000, 100'000)), "100000 x 100000 pixels", "at most 64 million");
  EXPECT_ERROR(read(withSizes(bytes, 7'000, 7'000)), "7000 x 7000", "cannot hold");
  std::string photo = jpeg(8, 8, 1, std::string(64, 'x'));
  photo.replace(photo.find("\xff\xc0") + 5, 4, big(60'000, 2) + big(60'000, 2));
  EXPECT_ERROR(read(photo), "60000 x 60000 pixels");
}

TEST(Resize, averagesAreasAndInterpolates) {
  Image image{2, 4, 1, {0, 10, 20, 30, 40, 50, 60, 70}};
  EXPECT_EQ(resize(image, 2, 4).pixels, image.pixels);
  EXPECT_EQ(resize(image, 1, 2).pixels, (Bytes{25, 45}));
  EXPECT_EQ(resize(image, 1, 1).pixels, (Bytes{35}));
  EXPECT_EQ(resize({1, 3, 1, {0, 90, 180}}, 1, 2).pixels, (Bytes{30, 150})); // (0 + 90/2) / 1.5, ...
  EXPECT_EQ(resize({1, 2, 1, {0, 100}}, 1, 4).pixels, (Bytes{0, 25, 75, 100}));
  EXPECT_EQ(resize({1, 1, 3, {1, 2, 3}}, 2, 1).pixels, (Bytes{1, 2, 3, 1, 2, 3}));
}

TEST(Polarity, invertsBrightBordersForGreyNetworks) {
  Image paper{3, 3, 1, {255, 255, 255, 255, 0, 255, 255, 255, 255}}, mnist = invert(paper);
  EXPECT_TRUE(hasBrightBorder(paper));
  EXPECT_FALSE(hasBrightBorder(mnist));
  const int64_t input[] = {1, 5, 5};
  const Preprocess preprocess{1, 0, 1};
  float ours[25], theirs[25], never[25];
  imageToInput(paper, input, preprocess, Inversion::Auto, ours);
  imageToInput(mnist, input, preprocess, Inversion::Auto, theirs);
  imageToInput(paper, input, preprocess, Inversion::Never, never);
  EXPECT_EQ(std::memcmp(ours, theirs, sizeof ours), 0);
  EXPECT_EQ(ours[12], 255);
  EXPECT_EQ(ours[6], 0);
  EXPECT_EQ(never[6], 255);
}

TEST(Polarity, keepsColour) {
  Image white{1, 1, 3, {255, 254, 253}};
  const int64_t input[] = {3, 1, 1};
  float out[3];
  imageToInput(white, input, {}, Inversion::Auto, out);
  EXPECT_EQ(out[0], 255);
  EXPECT_EQ(out[1], 254);
  EXPECT_EQ(out[2], 253);
}

TEST(Polarity, refusesInputsThatAreNoPictures) {
  Image image{1, 1, 1, {0}};
  const int64_t vector[] = {10}, many[] = {2, 4, 4};
  float out[32];
  EXPECT_ERROR(imageToInput(image, vector, {}, Inversion::Auto, out), "[10]", "--input");
  EXPECT_ERROR(imageToInput(image, many, {}, Inversion::Auto, out), "[2, 4, 4]");
}

} // namespace
