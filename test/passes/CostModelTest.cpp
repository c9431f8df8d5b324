// Schedules that the cost model must choose, where another takes longer by more than a quarter.
#include "passes/CostModel.h"
#include "passes/TileModel.h"
#include "test/passes/MeasuredMachine.h"

#include <gtest/gtest.h>

#include <array>

namespace fovea {
namespace {

TensorSpec activation(int64_t images, int64_t channels, int64_t size, const TargetInfo &target) {
  return {{images, channels, size, size}, ElementType::F32, LayoutKind::ChannelsLast, paddedChannels(channels, target), {}};
}

/// With a relu behind it.
KernelSpec convolution(int64_t inputs, int64_t outputs, int64_t size, int64_t kernel, int64_t stride,
                       const TargetInfo &target, int64_t images = 1) {
  const int64_t pad = kernel / 2;
  KernelSpec spec;
  spec.inputs = {activation(images, inputs, size * stride, target),
                 {{outputs, inputs, kernel, kernel},
                  ElementType::F32,
                  LayoutKind::Weight,
                  blockFor(outputs, target),
                  {paddedChannels(inputs, target), kernel, kernel}}};
  const TensorSpec result = activation(images, outputs, size, target);
  spec.ops = {{"conv2d",
               {0, 1},
               {{"stride", std::vector<int64_t>{stride, stride}}, {"pad", std::vector<int64_t>{pad, pad, pad, pad}}},
               {result}},
              {"relu", {2}, {}, {result}}};
  return spec;
}

// ResNet-50's conv3_1.f.b: the zero-padded image is larger than a core's cache, its half is not. Tiles of channels take
// 1.21 of the time on AVX2, and took 1.68 with AVX-512.
TEST(CostModel, StripsReadLargeImagesOnce) {
  for (const char *level : {"x86-64-v3", "x86-64-v4"}) {
    const TargetInfo target = twoCores(level);
    const Schedule schedule = chooseSchedule(convolution(128, 128, 28, 3, 2, target), target);
    EXPECT_EQ(schedule.at("parallel"), 3) << level;
    EXPECT_EQ(schedule.at("rows"), 14) << level;
  }
}

// ResNet-50's conv5: 9 MB of weights for 49 pixels.
TEST(CostModel, TilesOfChannelsReadLargeWeightsOnce) {
  for (const char *level : {"x86-64-v3", "x86-64-v4"}) {
    const TargetInfo target = twoCores(level);
    EXPECT_EQ(chooseSchedule(convolution(512, 512, 7, 3, 1, target), target).at("parallel"), 2) << level;
  }
}

// SqueezeNet's fire4: a core's tile of channels lies in the gaps of the other's, and so fills half of the sets of a cache
// only. Took 1.3 to 2.0 of the time.
TEST(CostModel, StripsWriteLargeResultsWithoutGaps) {
  const TargetInfo target = twoCores("x86-64-v4");
  EXPECT_GE(chooseSchedule(convolution(32, 128, 54, 1, 1, target), target).at("parallel"), 3);
}

// SqueezeNet's fire6, GoogLeNet's 4d: of three tiles, one core gets two. They take 1.33 and 1.38 of the time.
TEST(CostModel, ThreeTilesLeaveACoreIdle) {
  const TargetInfo target = twoCores("x86-64-v4");
  for (auto [inputs, outputs, size] : {std::array<int64_t, 3>{48, 192, 27}, {512, 144, 14}}) {
    const Schedule schedule = chooseSchedule(convolution(inputs, outputs, size, 1, 1, target), target);
    const int64_t tile = schedule.at("lanes") * schedule.at("vectors"), tiles = (outputs + tile - 1) / tile;
    EXPECT_TRUE(tiles % 2 == 0 || schedule.at("parallel") >= 3) << outputs;
  }
}

TEST(CostModel, ImagesFeedTheCores) {
  const TargetInfo target = twoCores("x86-64-v4");
  EXPECT_EQ(chooseSchedule(convolution(128, 128, 28, 3, 1, target, 64), target).at("parallel"), 1);
  TargetInfo many = target;
  many.cores = 16; // Two images feed two of them.
  EXPECT_GE(chooseSchedule(convolution(128, 128, 28, 3, 1, many, 2), many).at("parallel"), 2);
  EXPECT_EQ(chooseSchedule(convolution(4, 4, 6, 3, 1, target), target).at("parallel"), 0); // A launch takes longer.
}

// Direct sums wait less for weights in the widest registers, even where their arithmetic takes two halves: conv5 of
// ResNet-50 took 1.42 of the time in vectors of 8.
TEST(CostModel, ConvolutionsUseTheWidestVectors) {
  const TargetInfo target = twoCores("x86-64-v4");
  EXPECT_EQ(chooseSchedule(convolution(512, 512, 7, 3, 1, target), target).at("lanes"), 16);
  EXPECT_EQ(chooseSchedule(convolution(3, 20, 24, 5, 1, target), target).at("lanes"), 8); // What divides 24.
}

// LeNet's conv1: 20 channels are two vectors of 16, with a third more to compute and to store, or three of 8, of which a CPU
// starts no more a cycle. In training, all of LeNet takes 0.94 of the time with two (two cores of an Intel Xeon). Where a CPU
// computes a vector of 16 as two halves, it is the other way.
TEST(CostModel, ChannelsAreFewVectors) {
  TargetInfo target = targetNamed("x86-64-v4");
  EXPECT_EQ(paddedChannels(20, target), 32);
  EXPECT_EQ(paddedChannels(8, target), 8);
  EXPECT_EQ(paddedChannels(20, twoCores("x86-64-v4")), 24);
  EXPECT_EQ(paddedChannels(20, targetNamed("x86-64-v3")), 24);
}

// GoogLeNet's 5a and 5b, ResNet-50's conv5: 1x1 convolutions of 49 pixels wait for their weights, which a tile of half the
// block reads with gaps. It takes up to 1.5 of the time. At 14 x 14 the arithmetic counts again.
TEST(CostModel, WeightsOfFewPixelsAreReadInOneStream) {
  const TargetInfo target = twoCores("x86-64-v4");
  for (auto [inputs, outputs] : {std::array<int64_t, 2>{832, 256}, {832, 384}, {512, 2048}, {2048, 512}}) {
    const Schedule schedule = chooseSchedule(convolution(inputs, outputs, 7, 1, 1, target), target);
    EXPECT_EQ(schedule.at("lanes") * schedule.at("vectors"), blockFor(outputs, target)) << inputs << " to " << outputs;
  }
  EXPECT_EQ(chooseSchedule(convolution(256, 1024, 14, 1, 1, target), target).at("pixels"), 14);
}

// LeNet's ip2 at batch 64: ten outputs in one tile of 16 would leave a core idle, and take 1.47 of the time on AVX2.
TEST(CostModel, FewOutputsAreTwoTasks) {
  const TargetInfo target = twoCores("x86-64-v3");
  KernelSpec spec;
  spec.inputs = {{{64, 500}, ElementType::F32, LayoutKind::ChannelsLast, 504, {}},
                 {{10, 500}, ElementType::F32, LayoutKind::Weight, blockFor(10, target), {500}}};
  spec.ops = {{"dense", {0, 1}, {}, {{{64, 10}, ElementType::F32, LayoutKind::ChannelsLast, 16, {}}}}};
  const Schedule schedule = chooseSchedule(spec, target);
  EXPECT_EQ(schedule.at("lanes") * schedule.at("vectors"), 8);
  EXPECT_EQ(schedule.at("parallel"), 1);
}

// LeNet's conv2 at batch 1 takes 1.4 of the time when four loops share it.
TEST(CostModel, ATinyImageIsFilteredByOneCore) {
  const TargetInfo target = twoCores("x86-64-v3");
  auto filtered = [&](int64_t inputs, int64_t outputs, int64_t size, int64_t places) {
    KernelSpec spec;
    spec.inputs = {activation(1, inputs, size + 4, target),
                   {{outputs, inputs, places, places},
                    ElementType::F32,
                    LayoutKind::Weight,
                    blockFor(outputs, target),
                    {paddedChannels(inputs, target), places, places}}};
    spec.ops = {{"winograd_conv2d", {0, 1}, {{"tile", int64_t(4)}}, {activation(1, outputs, size, target)}}};
    return chooseSchedule(spec, target).at("parallel");
  };
  EXPECT_EQ(filtered(20, 50, 8, 8), 1);
  EXPECT_EQ(filtered(96, 256, 27, 8), 2); // AlexNet's is work enough for both.
}

// The input gradient of AlexNet's fc6: a megabyte of second-level cache wants the sum in blocks (0.73 of the time on Zen 4),
// two hold the weights of a tile of inputs beside all else (without blocks 0.72 of the time on an Intel Xeon).
TEST(CostModel, BlocksOfOutputsForSmallCaches) {
  TargetInfo target = targetNamed("x86-64-v4");
  KernelSpec spec;
  spec.inputs = {{{128, 4096}, ElementType::F32, LayoutKind::ChannelsLast, 4096, {}},
                 {{4096, 9216}, ElementType::F32, LayoutKind::Weight, blockFor(4096, target), {256, 6, 6}}};
  spec.ops = {{"dense_input_gradient", {0, 1}, {}, {activation(128, 256, 6, target)}}};
  target.l2Bytes = 1 << 20;
  EXPECT_TRUE(chooseSchedule(spec, target).contains("block"));
  target.l2Bytes = 2 << 20;
  EXPECT_FALSE(chooseSchedule(spec, target).contains("block"));
}

// AlexNet's conv3 of bf16 by AMX's tiles: at batch 64 several images share a tile of channels whose weights stay in the
// cache; of one image, cores share the tiles. Without AMX, and of few channels, there are none.
TEST(CostModel, TilesOfAmx) {
  TargetInfo target = targetNamed("x86-64-v4");
  target.cores = 2;
  target.l2Bytes = 2 << 20;
  target.bf16Tiles = true;
  auto conv3 = [&](int64_t images, int64_t outputs) {
    KernelSpec spec;
    spec.inputs = {activation(images, 256, 13, target),
                   {{outputs, 256, 3, 3}, ElementType::BF16, LayoutKind::Weight, 0, {256, 3, 3}}};
    spec.inputs[0].element = ElementType::BF16;
    spec.inputs[1].block = narrowBlock(blockFor(outputs, target), target);
    spec.ops = {{"conv2d", {0, 1}, {{"pad", std::vector<int64_t>{1, 1, 1, 1}}}, {activation(images, outputs, 13, target)}}};
    return spec;
  };
  const Schedule batched = chooseSchedule(conv3(64, 384), target), single = chooseSchedule(conv3(1, 384), target);
  EXPECT_EQ(batched.at("tile_channels"), 32);
  EXPECT_EQ(batched.at("tile_rows"), 13);
  EXPECT_GE(batched.at("tile_images"), 4);
  EXPECT_EQ(batched.at("parallel"), 1);
  EXPECT_EQ(single.at("parallel"), 2);
  EXPECT_FALSE(usesTiles(conv3(64, 8)));
  EXPECT_FALSE(chooseSchedule(conv3(64, 8), target).contains("tile_channels"));
  target.bf16Tiles = false;
  EXPECT_FALSE(chooseSchedule(conv3(64, 384), target).contains("tile_channels"));
}

// cifar-11pct's conv2 at batch 128: the transforms of a few images at a time stay near the cores, those of all do not, and
// take 1.3 to 1.8 of the time (two cores of Zen 4). Those of two small images are there anyway.
TEST(CostModel, WeightGradientsOfAFewImagesAtATime) {
  for (const char *level : {"x86-64-v3", "x86-64-v4"}) {
    const TargetInfo target = twoCores(level);
    auto images = [&](int64_t batch, int64_t inputs, int64_t outputs, int64_t size) {
      KernelSpec spec;
      spec.inputs = {activation(batch, inputs, size, target), activation(batch, outputs, size, target)};
      spec.ops = {{"winograd_weight_gradient",
                   {0, 1},
                   {{"tile", int64_t(4)}, {"pad", std::vector<int64_t>{2, 2, 2, 2}}},
                   {{{outputs, inputs, 5, 5}, ElementType::F32, LayoutKind::Weight, blockFor(outputs, target), {inputs, 5, 5}}}}};
      const Schedule schedule = chooseSchedule(spec, target);
      return schedule.contains("images") ? schedule.at("images") : 0;
    };
    EXPECT_GT(images(128, 64, 64, 12), 1);
    EXPECT_EQ(images(2, 32, 64, 8), 0);
  }
}

} // namespace
} // namespace fovea
