// Convolution by Winograd's filtering, its transforms included, against direct sums in float64.
#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

struct Case {
  std::vector<int64_t> x; ///< [N,C,H,W]
  int64_t outputs, kernel, tile;
  int64_t pad = 1, groups = 1;

  std::vector<int64_t> weight() const { return {outputs, x[1] / groups, kernel, kernel}; }
  int64_t transformed() const { return tile + kernel - 1; }
  Window window() const { return {.kernel = {kernel, kernel}, .pad = {pad, pad, pad, pad}, .groups = groups}; }
  std::vector<int64_t> y() const {
    const auto out = windowOutputs(window(), x[2], x[3]);
    return {x[0], outputs, out[0], out[1]};
  }
};

const Case cases[] = {
    {{1, 8, 4, 4}, 8, 3, 4},           // one tile
    {{1, 16, 13, 13}, 24, 3, 4},       // a tile past the edge; stages in parallel
    {{6, 16, 13, 13}, 24, 3, 4},       // two images a task
    {{3, 17, 9, 11}, 33, 3, 4},        // channels just past vectors, neither side a multiple of the tile
    {{5, 20, 6, 7}, 10, 3, 2},         // small tiles
    {{2, 16, 14, 13}, 16, 3, 6},       // transforms of 8
    {{2, 32, 11, 11}, 48, 5, 4, 2, 2}, // AlexNet's second, smaller
    {{4, 24, 7, 7}, 24, 5, 2, 2},      // the same transforms as 3 x 3 kernels in tiles of 4
    {{2, 16, 12, 12}, 16, 3, 4, 0},    // without padding
    {{3, 16, 5, 5}, 32, 3, 4, 2, 2},   // padded to more than the image; groups
    {{2, 8, 9, 10}, 8, 4, 4, 1},       // an even kernel
};

/// Of the largest results. Direct sums are held to 2e-6; these errors grow with the transform (Lavin and Gray, section
/// 6).
double toleranceFor(const Case &c) { return c.transformed() <= 4 ? 4e-6 : c.transformed() <= 6 ? 1.5e-5 : 4e-5; }

class Winograd : public Numeric {
protected:
  static double weightAt(int64_t flat) { return double(flat * 7919 % 2001 - 1000) / 1000; }

  /// The transformed weight in memory, as a kernel of its own makes it.
  std::vector<uint8_t> transformedWeight(const Case &c, bool transposed) const {
    KernelBuilder b = builder();
    const int w = b.input(b.convWeight(c.weight(), c.groups));
    b.op("winograd_weight", {w}, {spec(b, c, transposed)},
         {{"tile", c.tile}, {"groups", c.groups}, {"transposed", transposed}});
    return computed(b, {.fills = {{w, weightAt}}});
  }

  static TensorSpec spec(const KernelBuilder &b, const Case &c, bool transposed) {
    const TensorSpec u = b.convWeight({c.outputs, c.x[1] / c.groups, c.transformed(), c.transformed()}, c.groups);
    return transposed ? b.transposed(u, c.groups) : u;
  }

  using Tail = std::function<void(KernelBuilder &, int y)>; ///< What follows the convolution in its kernel.

  void forward(const Case &c, const Tail &tail = nullptr) {
    KernelBuilder direct = builder(), b = builder();
    direct.input(direct.activation(c.x)), direct.input(direct.convWeight(c.weight(), c.groups));
    const int y0 = direct.conv2d(0, 1, direct.input(direct.vector(c.outputs)), c.window());
    b.input(b.activation(c.x)), b.input(spec(b, c, false)), b.input(b.vector(c.outputs));
    const int y1 = b.op("winograd_conv2d", {0, 1, 2}, {b.activation(c.y())},
                        {{"tile", c.tile}, {"groups", c.groups}, {"pad", c.window().pad}});
    if (tail)
      tail(direct, y0), tail(b, y1);
    check(b, {.fills = {{1, weightAt}},
              .relative = toleranceFor(c),
              .bytes = {{1, transformedWeight(c, false)}},
              .same = &direct});
  }

  /// From tiles of dx, a convolution with the turned kernels; or from tiles of dy.
  void inputGradient(const Case &c, bool tilesOfDy) {
    KernelBuilder direct = builder(), b = builder();
    direct.input(direct.activation(c.y()));
    direct.input(direct.transposed(direct.convWeight(c.weight(), c.groups), c.groups));
    direct.op("conv2d_input_gradient", {0, 1}, {direct.activation(c.x)},
              KernelBuilder::attributesOf(c.window(), false));
    b.input(b.activation(c.y())), b.input(spec(b, c, true));
    const std::vector<int64_t> pad(4, c.kernel - 1 - c.pad);
    if (tilesOfDy)
      b.op("winograd_input_gradient", {0, 1}, {b.activation(c.x)},
           {{"tile", c.tile}, {"groups", c.groups}, {"pad", c.window().pad}});
    else
      b.op("winograd_conv2d", {0, 1}, {b.activation(c.x)},
           {{"tile", c.tile}, {"groups", c.groups}, {"pad", pad}, {"transposed", true}});
    check(b, {.fills = {{1, weightAt}},
              .gradients = {0},
              .paddingIsZero = true,
              .relative = toleranceFor(c),
              .bytes = {{1, transformedWeight(c, true)}},
              .same = &direct});
  }

  void weightGradient(const Case &c) {
    KernelBuilder b = builder();
    b.input(b.activation(c.x)), b.input(b.activation(c.y()));
    b.op("winograd_weight_gradient", {0, 1}, {b.convWeight(c.weight(), c.groups)},
         {{"tile", c.tile}, {"groups", c.groups}, {"pad", c.window().pad}});
    check(b, {.gradients = {1}, .paddingIsZero = true, .relative = toleranceFor(c)});
  }
};

TEST_P(Winograd, Forward) {
  for (const Case &c : cases)
    forward(c);
}
TEST_P(Winograd, InputGradientByTilesOfDx) {
  for (const Case &c : cases)
    inputGradient(c, false);
}
TEST_P(Winograd, InputGradientByTilesOfDy) {
  for (const Case &c : cases)
    inputGradient(c, true);
  for (int64_t images : {1, 6}) // LeNet's second: a pixel lies in up to four tiles.
    inputGradient({{images, 20, 12, 12}, 50, 5, 4, 0}, true);
}
TEST_P(Winograd, WeightGradient) {
  for (const Case &c : cases)
    weightGradient(c);
}

// LeNet's second: the batch's transforms do not fit the caches, those of some images do.
TEST_P(Winograd, WeightGradientInSteps) {
  const Case c{{36, 20, 12, 12}, 50, 5, 4, 0};
  KernelBuilder b = builder();
  b.input(b.activation(c.x)), b.input(b.activation(c.y()));
  b.op("winograd_weight_gradient", {0, 1}, {b.convWeight(c.weight())}, {{"tile", c.tile}});
  EXPECT_TRUE(b.scheduled().schedule.contains("images"));
  weightGradient(c);
}

TEST_P(Winograd, ThenAddRelu) {
  for (int64_t images : {1, 5}) {
    const Case c{{images, 16, 9, 10}, 24, 3, 4};
    forward(c, [&](KernelBuilder &b, int y) { b.like("relu", {b.like("add", {y, y})}); });
  }
}

TEST_P(Winograd, ThenReluOverlappingMaxPool) {
  for (int64_t images : {1, 4}) {
    const Case c{{images, 16, 13, 13}, 24, 3, 4};
    forward(c, [](KernelBuilder &b, int y) { b.maxPool(b.like("relu", {y}), {{3, 3}, {2, 2}}, true); });
  }
}

TEST_P(Winograd, ThenReluLrnMaxPool) {
  for (int64_t images : {1, 4}) {
    const Case c{{images, 16, 13, 11}, 24, 5, 4, 2, 2};
    forward(c, [](KernelBuilder &b, int y) {
      const int normalized =
          b.like("lrn", {b.like("relu", {y})}, {{"size", int64_t(5)}, {"alpha", 1e-2}, {"beta", 0.75}, {"k", 2.0}});
      b.maxPool(normalized, {{3, 3}, {2, 2}});
    });
  }
}

TEST_P(Winograd, ThenToPlain) {
  for (int64_t images : {1, 4})
    for (int64_t outputs : {10, 16, 17}) {
      const Case c{{images, 16, 7, 9}, outputs, 3, 4};
      forward(c, [](KernelBuilder &b, int y) {
        b.relayout(b.like("sigmoid", {y}), KernelBuilder::plain(b.tensor(y).shape));
      });
    }
}

FOVEA_CPU_TARGETS(Winograd);

} // namespace

} // namespace fovea::test
