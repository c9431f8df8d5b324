// Layers that read bf16, and the rounding before them.
#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

class Bf16 : public Numeric {
protected:
  static TensorSpec narrow(TensorSpec spec) {
    spec.element = ElementType::BF16;
    if (spec.layout == LayoutKind::ChannelsLast)
      spec.block += spec.block % 2;
    return spec;
  }

  void conv(std::vector<int64_t> x, std::vector<int64_t> w, const Window &window, Schedule schedule = {}) {
    KernelBuilder b = builder();
    b.schedule = std::move(schedule);
    const int in = b.input(narrow(b.activation(x))), weight = b.input(narrow(b.convWeight(w, window.groups)));
    b.like("relu", {b.conv2d(in, weight, b.input(b.vector(w[0])), window)});
    check(b);
  }

  void dense(std::vector<int64_t> x, int64_t outputs, Schedule schedule = {}) {
    KernelBuilder b = builder();
    b.schedule = std::move(schedule);
    const TensorSpec in = b.activation(x);
    const int image = b.input(narrow(in)), weight = b.input(narrow(b.denseWeight(outputs, in)));
    b.dense(image, weight, b.input(b.vector(outputs)));
    check(b);
  }
};

TEST_P(Bf16, Convolution) {
  conv({2, 16, 9, 9}, {32, 16, 3, 3}, {});
  conv({1, 3, 19, 23}, {24, 3, 5, 5}, {.stride = {2, 2}, .pad = {1, 2, 2, 1}}); // an odd channel beside padding
  conv({3, 20, 6, 6}, {50, 20, 5, 5}, {});
  conv({2, 5, 7, 7}, {10, 5, 1, 1}, {});
  conv({2, 32, 8, 8}, {32, 16, 3, 3}, {.pad = {1, 1, 1, 1}, .groups = 2});
  conv({1, 1, 4, 4}, {1, 1, 4, 4}, {});
}

TEST_P(Bf16, ConvolutionThenPool) {
  KernelBuilder b = builder();
  const int in = b.input(narrow(b.activation({2, 3, 23, 23}))), w = b.input(narrow(b.convWeight({32, 3, 5, 5})));
  const int y = b.conv2d(in, w, b.input(b.vector(32)), {.stride = {2, 2}});
  const int n = b.like("lrn", {b.like("relu", {y})}, {{"size", int64_t(5)}, {"alpha", 0.5}, {"beta", 0.75}, {"k", 1.0}});
  b.maxPool(n, {.kernel = {3, 3}, .stride = {2, 2}});
  check(b, {.relative = 1e-5});
}

TEST_P(Bf16, Dense) {
  dense({1, 300}, 50);
  dense({1, 7, 3, 3}, 64); // an odd channel
  dense({5, 33}, 17);
  dense({16, 64, 3, 3}, 128);
  dense({32, 1024, 2, 2}, 64); // the sum in blocks
}

// A convolution's tail rounds its result for the next layer.
TEST_P(Bf16, RoundedResult) {
  for (int64_t channels : {3, 16, 21}) {
    KernelBuilder b = builder();
    const int in = b.input(b.activation({2, 4, 7, 7})), w = b.input(b.convWeight({channels, 4, 3, 3}));
    const int y = b.like("relu", {b.conv2d(in, w, b.input(b.vector(channels)), {})});
    b.op("narrow", {y}, {narrow(b.tensor(y))});
    check(b, {.paddingIsZero = true, .relative = 1.0 / 256});
  }
}

TEST_P(Bf16, RoundedImage) {
  KernelBuilder b = builder();
  const TensorSpec image = KernelBuilder::plain({2, 3, 5, 7});
  b.op("narrow", {b.input(image)}, {narrow(b.activation(image.shape))});
  check(b, {.paddingIsZero = true, .relative = 1e-12});
}

// Ties go to even; neighbours of ties do not.
TEST_P(Bf16, RoundsToNearest) {
  KernelBuilder b = builder();
  const TensorSpec x = b.activation({1, 16});
  const int in = b.input(x);
  b.op("narrow", {in}, {narrow(x)});
  // 1 + k / 1024 with every fourth k between two bf16, and a hair beyond each.
  auto value = [](int64_t flat) { return (flat % 2 ? -1 : 1) * (65536.0 + 64 * (flat / 2) + flat % 3) / 65536; };
  check(b, {.fills = {{in, value}}, .relative = 1e-12});
}

TEST_P(Bf16, RoundedWeight) {
  for (const TensorSpec &weight : {builder().convWeight({24, 5, 3, 3}), builder().convWeight({32, 16, 3, 3}, 2),
                                   builder().denseWeight(40, builder().activation({1, 7, 2, 2}))}) {
    KernelBuilder b = builder();
    b.op("narrow", {b.input(weight)}, {narrow(weight)});
    check(b, {.paddingIsZero = true, .relative = 1e-12});
  }
}

} // namespace

FOVEA_CPU_TARGETS(Bf16);

} // namespace fovea::test
