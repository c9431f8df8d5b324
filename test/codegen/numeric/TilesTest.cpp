// Layers of bf16 whose sums AMX's tiles make; on a CPU without them the schedules alone (TestTiles.cpp).
#include "passes/CostModel.h"
#include "passes/ScheduleSpace.h"
#include "passes/TileModel.h"
#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

class Tiles : public Numeric {
protected:
  static TargetInfo withTiles(TargetInfo target) {
    target.bf16Tiles = true;
    return target;
  }
  KernelBuilder builder() const { return KernelBuilder(withTiles(targetNamed(GetParam()))); }

  static TensorSpec narrow(TensorSpec spec) {
    spec.element = ElementType::BF16;
    if (spec.layout == LayoutKind::ChannelsLast)
      spec.block += spec.block % 2;
    return spec;
  }

  /// The kernel as the cost model schedules it, and, of what there is to choose, the first and the last.
  static void checkAll(KernelBuilder b, double relative = 2e-6) {
    const KernelSpec chosen = b.scheduled();

    ASSERT_TRUE(usesTiles(chosen)) << toJson(chosen);
    const std::vector<int64_t> channels = tileChannels(chosen, *anchorOf(chosen));
    const auto &shape = chosen.ops.back().results[0].shape;
    const int64_t rows = shape.size() == 4 ? shape[2] : 1;
    std::vector<Schedule> schedules{chosen.schedule};
    for (int64_t parallel : {0, 1, 2})
      schedules.push_back({{"tile_channels", parallel == 1 ? channels.front() : channels.back()},
                           {"tile_rows", parallel == 2 ? std::min<int64_t>(2, rows) : rows},
                           {"parallel", parallel}});
    if (shape.size() == 4)
      schedules.push_back({{"tile_channels", channels.front()}, {"tile_images", shape[0]}, {"parallel", 1}});
    for (const Schedule &schedule : schedules) {
      b.schedule = schedule;
      EXPECT_EQ(whyIllegal(chosen, schedule, b.target), "");
      check(b, {.relative = relative});
    }
  }

  void conv(std::vector<int64_t> x, std::vector<int64_t> w, const Window &window) {
    KernelBuilder b = builder();
    if (b.convWeight(w, window.groups).block % 16 != 0) // AVX2's block of 48 channels is 24.
      return;
    const int in = b.input(narrow(b.activation(x))), weight = b.input(narrow(b.convWeight(w, window.groups)));
    b.like("relu", {b.conv2d(in, weight, b.input(b.vector(w[0])), window)});
    checkAll(b);
  }

  void dense(std::vector<int64_t> x, int64_t outputs) {
    KernelBuilder b = builder();
    const TensorSpec in = b.activation(x);
    const int image = b.input(narrow(in)), weight = b.input(narrow(b.denseWeight(outputs, in)));
    b.dense(image, weight, b.input(b.vector(outputs)));
    checkAll(b);
  }
};

TEST_P(Tiles, Convolution) {
  conv({2, 16, 9, 9}, {32, 16, 3, 3}, {});
  conv({1, 32, 13, 13}, {64, 32, 3, 3}, {.pad = {1, 1, 1, 1}}); // two rows at a time, of an odd number
  conv({1, 16, 6, 40}, {48, 16, 3, 3}, {.pad = {1, 1, 1, 1}});  // two pairs of tiles in a row; three tiles of outputs
  conv({3, 32, 1, 1}, {16, 32, 1, 1}, {});                      // images as pixels
  conv({1, 16, 3, 33}, {16, 16, 1, 1}, {});                     // a tile that is shifted back
}

TEST_P(Tiles, RunsOfInputs) {
  conv({1, 3, 19, 39}, {32, 3, 5, 5}, {.stride = {2, 2}, .pad = {1, 2, 2, 1}}); // a row of the kernel is 20 inputs
  conv({2, 5, 7, 7}, {16, 5, 3, 3}, {});                                          // padding lanes between the columns
  conv({1, 48, 8, 8}, {32, 48, 3, 3}, {.pad = {2, 2, 2, 2}, .dilation = {2, 2}});
  conv({2, 64, 7, 7}, {64, 32, 3, 3}, {.pad = {1, 1, 1, 1}, .groups = 2});
  conv({1, 33, 5, 5}, {32, 33, 1, 1}, {}); // an odd channel
}

TEST_P(Tiles, ConvolutionThenPool) {
  KernelBuilder b = builder();
  const int in = b.input(narrow(b.activation({2, 16, 13, 13}))), w = b.input(narrow(b.convWeight({64, 16, 3, 3})));
  const int y = b.conv2d(in, w, b.input(b.vector(64)), {.pad = {1, 1, 1, 1}});
  b.maxPool(b.like("relu", {y}), {.kernel = {3, 3}, .stride = {2, 2}});
  checkAll(b);
}

TEST_P(Tiles, ConvolutionThenNormalizationAndPool) {
  KernelBuilder b = builder();
  const int in = b.input(narrow(b.activation({2, 3, 23, 23}))), w = b.input(narrow(b.convWeight({32, 3, 5, 5})));
  const int y = b.conv2d(in, w, b.input(b.vector(32)), {.stride = {2, 2}});
  const int n = b.like("lrn", {b.like("relu", {y})}, {{"size", int64_t(5)}, {"alpha", 0.5}, {"beta", 0.75}, {"k", 1.0}});
  b.maxPool(n, {.kernel = {3, 3}, .stride = {2, 2}});
  checkAll(b, 1e-5);
}

TEST_P(Tiles, RoundedResult) {
  KernelBuilder b = builder();
  const int in = b.input(narrow(b.activation({2, 16, 7, 7}))), w = b.input(narrow(b.convWeight({32, 16, 3, 3})));
  const int y = b.conv2d(in, w, b.input(b.vector(32)), {});
  b.op("narrow", {y}, {narrow(b.tensor(y))});
  checkAll(b, 1.0 / 256);
}

TEST_P(Tiles, Dense) {
  dense({16, 64, 3, 3}, 128);
  dense({33, 96}, 16); // a tile that is shifted back
  dense({9, 64, 2, 2}, 32);
  dense({8, 7, 3, 3}, 64); // padding lanes between the columns
}

// As cnn-narrow's kernels make weights for tiles: with another block than f32's.
TEST_P(Tiles, NarrowBlocks) {
  KernelBuilder b = builder();
  const TensorSpec wide = b.convWeight({128, 16, 3, 3});
  TensorSpec weight = narrow(wide);
  weight.block = narrowBlock(weight.block, b.target);
  ASSERT_EQ(weight.block, 32);
  b.op("narrow", {b.input(wide)}, {weight});
  check(b, {.paddingIsZero = true, .relative = 1e-12});

  KernelBuilder conv = builder();
  const int in = conv.input(narrow(conv.activation({2, 16, 7, 7}))), w = conv.input(weight);
  conv.conv2d(in, w, conv.input(conv.vector(128)), {.pad = {1, 1, 1, 1}});
  checkAll(conv);
}

TEST_P(Tiles, PlainResult) {
  KernelBuilder b = builder();
  const TensorSpec x = b.activation({9, 64});
  const int in = b.input(narrow(x)), w = b.input(narrow(b.denseWeight(100, x)));
  b.relayout(b.dense(in, w, b.input(b.vector(100))), KernelBuilder::plain({9, 100}));
  if (b.tensor(w).block % 16 == 0) // AVX2's is 8.
    checkAll(b);
}

// What a search tries are tiles where the cost model chose tiles, and else none: here of a single image.
TEST_P(Tiles, Searched) {
  for (int64_t images : {1, 16}) {
    KernelBuilder b = builder();
    const TensorSpec x = b.activation({images, 64});
    const int in = b.input(narrow(x)), w = b.input(narrow(b.denseWeight(128, x)));
    b.dense(in, w, b.input(b.vector(128)));
    const KernelSpec kernel = b.scheduled();
    EXPECT_EQ(usesTiles(kernel), images > 1);
    size_t legal = 0;
    for (const SearchStep &step : searchSteps(kernel, b.target))
      for (Schedule schedule : step) {
        schedule.insert(kernel.schedule.begin(), kernel.schedule.end());
        legal += whyIllegal(kernel, schedule, b.target).empty();
      }
    EXPECT_GE(legal, 3u);
  }
}

TEST_P(Tiles, WhatTheyCannotCompute) {
  KernelBuilder b = builder();
  const int in = b.input(narrow(b.activation({2, 16, 9, 9}))), w = b.input(narrow(b.convWeight({8, 16, 3, 3})));
  b.conv2d(in, w, b.input(b.vector(8)), {});
  const KernelSpec kernel = b.scheduled();
  EXPECT_FALSE(usesTiles(kernel));
  EXPECT_EQ(whyIllegal(kernel, {{"tile_channels", 16}}, b.target), "tiles need channels in multiples of 16");

  KernelBuilder good = builder();
  const int image = good.input(narrow(good.activation({2, 16, 9, 9}))),
            weight = good.input(narrow(good.convWeight({32, 16, 3, 3})));
  good.conv2d(image, weight, good.input(good.vector(32)), {});
  const KernelSpec spec = good.scheduled();
  EXPECT_EQ(whyIllegal(spec, {{"tile_channels", 24}}, good.target),
            "tiles of 24 channels do not divide 32, or 16 does not divide them");
  EXPECT_EQ(whyIllegal(spec, {{"tile_channels", 16}, {"tile_rows", 8}}, good.target),
            "tile_rows of 8 are not between 1 and the 7 rows there are");
  EXPECT_EQ(whyIllegal(spec, {{"tile_channels", 16}, {"pixels", 8}}, good.target),
            "the schedule of conv2d by tiles has no pixels");
  TargetInfo without = good.target;
  without.bf16Tiles = false;
  EXPECT_EQ(whyIllegal(spec, {{"tile_channels", 16}}, without), "this target has no tiles (AMX)");
}

} // namespace

FOVEA_CPU_TARGETS(Tiles);

} // namespace fovea::test
