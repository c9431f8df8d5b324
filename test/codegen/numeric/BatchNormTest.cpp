// Batch normalization: statistics, normalization and gradients, alone and behind a convolution.
#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

const std::vector<int64_t> shapes[] = {{2, 96, 7, 5}, {1, 3, 4, 4}, {3, 10, 5, 6}, {5, 1, 2, 2}, {4, 20, 3, 9}, {1, 64, 1, 1},
                                       {6, 100},      {3, 10}};

class BatchNorm : public Numeric {
protected:
  /// Rate, momentum, decay; share of an image, images that count.
  static Fill scalars(int64_t images) {
    return [=](int64_t index) { return index == 3 ? 0.125 : index == 4 ? double(images) : 0.5; };
  }
  static double positive(int64_t index) { return 0.25 + double(index % 7); }
};

TEST_P(BatchNorm, Statistics) {
  for (const auto &shape : shapes)
    for (int64_t images : {shape[0], (shape[0] + 1) / 2}) {
      KernelBuilder b = builder();
      const int x = b.input(b.activation(shape)), s = b.input(KernelBuilder::plain({8}));
      b.op("batch_statistics", {x, s}, {b.vector(shape[1]), b.vector(shape[1])});
      check(b, {.fills = {{s, scalars(images)}}, .paddingIsZero = true});
    }
}
// A mean a thousand times the deviation: sums of squares would keep nothing of the variance.
TEST_P(BatchNorm, StatisticsAroundALargeMean) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({4, 16, 9, 9})), s = b.input(KernelBuilder::plain({8}));
  b.op("batch_statistics", {x, s}, {b.vector(16), b.vector(16)});
  check(b, {.fills = {{s, scalars(3)}, {x, [](int64_t index) { return 1000 + double(index * 7919 % 101) / 50; }}},
            .paddingIsZero = true,
            .relative = 1e-4});
}
TEST_P(BatchNorm, Normalizes) {
  for (const auto &shape : shapes) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation(shape)), v = b.input(b.vector(shape[1]));
    auto next = [&] { return b.input(b.vector(shape[1])); };
    const int weight = next(), bias = next(), mean = next();
    b.like("relu", {b.like("batch_norm", {x, weight, bias, mean, v}, {{"epsilon", 1e-3}})});
    check(b, {.fills = {{v, positive}}});
  }
}
TEST_P(BatchNorm, ConvBatchNormReluMaxPool) {
  for (int64_t images : {1, 3})
    for (int64_t filters : {10, 32, 96})
      for (bool pool : {false, true}) {
        KernelBuilder b = builder();
        const int x = b.input(b.activation({images, 5, 12, 11})), w = b.input(b.convWeight({filters, 5, 3, 3}));
        const int v = b.input(b.vector(filters)), c = b.input(b.vector(filters)), d = b.input(b.vector(filters));
        const int conv = b.conv2d(x, w, -1, {.pad = {1, 1, 1, 1}});
        const int y = b.like("relu", {b.like("batch_norm", {conv, c, d, d, v})});
        if (pool)
          b.maxPool(y, {{3, 3}, {2, 2}});
        check(b, {.fills = {{v, positive}}, .relative = 1e-5});
      }
}
TEST_P(BatchNorm, AsAScale) {
  for (int64_t channels : {1, 3, 10, 20, 64, 96, 100}) {
    KernelBuilder b = builder();
    const int weight = b.input(b.vector(channels)), v = b.input(b.vector(channels));
    b.like("batch_norm_coefficient", {weight, v}, {{"epsilon", 1e-3}});
    check(b, {.fills = {{v, positive}}, .paddingIsZero = true});

    KernelBuilder o = builder();
    const int bias = o.input(o.vector(channels)), mean = o.input(o.vector(channels)), c = o.input(o.vector(channels));
    o.like("batch_norm_offset", {bias, mean, c});
    check(o, {.paddingIsZero = true});
  }
}
TEST_P(BatchNorm, Sums) {
  for (const auto &shape : shapes) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation(shape)), dy = b.input(b.activation(shape));
    const int mean = b.input(b.vector(shape[1])), v = b.input(b.vector(shape[1]));
    b.op("batch_norm_sums", {x, dy, mean, v}, {b.vector(shape[1]), b.vector(shape[1])});
    check(b, {.fills = {{v, positive}}, .gradients = {dy}, .paddingIsZero = true});
  }
}
TEST_P(BatchNorm, InputGradient) {
  for (const auto &shape : shapes)
    for (int64_t images : {shape[0], (shape[0] + 1) / 2}) {
      KernelBuilder b = builder();
      const int x = b.input(b.activation(shape)), dy = b.input(b.activation(shape));
      std::vector<int> operands{x, dy};
      for (int channels = 0; channels < 5; ++channels)
        operands.push_back(b.input(b.vector(shape[1])));
      const int s = b.input(KernelBuilder::plain({8}));
      operands.push_back(s);
      const int dx = b.like("batch_norm_input_gradient", operands);
      b.like("add", {dx, dy}); // As behind a shortcut.
      check(b, {.fills = {{operands[4], positive}, {s, scalars(images)}}, .gradients = {dy}, .paddingIsZero = true});
    }
}
TEST_P(BatchNorm, RunningStatistics) {
  for (int64_t channels : {1, 10, 96})
    for (int64_t pixels : {1, 49}) {
      KernelBuilder b = builder();
      const int mean = b.input(b.vector(channels)), v = b.input(b.vector(channels)), s = b.input(KernelBuilder::plain({8}));
      b.op("running_statistics", {mean, v, s}, {b.vector(channels), b.vector(channels)}, {{"pixels", pixels}});
      check(b, {.fills = {{s, scalars(pixels == 1 ? 1 : 6)}}, .paddingIsZero = true});
    }
}
TEST_P(BatchNorm, AverageUpdateInPlace) {
  KernelBuilder b = builder();
  const int running = b.input(b.vector(20)), statistic = b.input(b.vector(20));
  b.like("average_update", {running, statistic}, {{"momentum", 0.1}});
  check(b, {.inPlace = {{0, running}}, .paddingIsZero = true});
}

FOVEA_NUMERIC_TARGETS(BatchNorm);

} // namespace

} // namespace fovea::test
