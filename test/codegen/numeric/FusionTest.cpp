// Kernels of several operations, as the fusion makes them.
#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

const Window halving{{2, 2}, {2, 2}};

class Fusion : public Numeric {
protected:
  /// conv2d with a bias, on inputs that are made here.
  static int conv(KernelBuilder &b, std::vector<int64_t> x, int64_t outputs, int64_t size, const Window &window = {}) {
    const int64_t channels = x[1];
    const int in = b.input(b.activation(std::move(x))), w = b.input(b.convWeight({outputs, channels, size, size}));
    return b.conv2d(in, w, b.input(b.vector(outputs)), window);
  }
};

TEST_P(Fusion, ConvMaxPool) {
  for (int64_t images : {1, 3}) {
    KernelBuilder first = builder();
    first.maxPool(conv(first, {images, 1, 28, 28}, 20, 5), halving);
    check(first);
    KernelBuilder second = builder();
    second.maxPool(conv(second, {images, 20, 12, 12}, 50, 5), halving);
    check(second);
  }
}

TEST_P(Fusion, ConvMaxPoolIndices) {
  KernelBuilder b = builder();
  b.maxPool(conv(b, {3, 20, 12, 12}, 50, 5), halving, true);
  check(b);
}

TEST_P(Fusion, ConvReluMaxPoolIndices) {
  KernelBuilder b = builder();
  b.maxPool(b.like("relu", {conv(b, {2, 3, 15, 17}, 10, 3, {.pad = {1, 1, 1, 1}})}),
            {{3, 3}, {2, 2}, {0, 0, 0, 0}, true}, true);
  check(b);
}

TEST_P(Fusion, ConvReluOverlappingMaxPool) {
  KernelBuilder b = builder();
  b.maxPool(b.like("relu", {conv(b, {2, 3, 31, 31}, 32, 5, {.stride = {2, 2}, .pad = {2, 2, 2, 2}})}),
            {{3, 3}, {2, 2}});
  check(b);
}

// LeNet-5: a sum pool with a trainable coefficient and bias, then a squashing function.
TEST_P(Fusion, ConvTanhSubsample) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({2, 1, 32, 32})), w = b.input(b.convWeight({6, 1, 5, 5})),
            bias = b.input(b.vector(6)), coefficient = b.input(b.vector(6)), offset = b.input(b.vector(6));
  const int c1 = b.like("tanh", {b.conv2d(x, w, bias, {})});
  b.like("tanh", {b.like("scale", {b.avgPool(c1, halving, "one"), coefficient, offset})},
         {{"amplitude", 1.7159}, {"slope", 0.6666667}});
  check(b);
}

TEST_P(Fusion, ConvToPlain) {
  for (int64_t outputs : {10, 3, 16, 50, 100, 17}) {
    KernelBuilder b = builder();
    const int y = b.like("sigmoid", {conv(b, {2, 4, 9, 7}, outputs, 3)});
    b.relayout(y, KernelBuilder::plain(b.tensor(y).shape));
    check(b);
  }
}

TEST_P(Fusion, ConvMaxPoolToPlain) {
  for (int64_t outputs : {10, 3, 50, 100, 17}) {
    KernelBuilder b = builder();
    const int y = b.maxPool(conv(b, {2, 4, 9, 7}, outputs, 3), halving);
    b.relayout(y, KernelBuilder::plain(b.tensor(y).shape));
    check(b);
  }
}

TEST_P(Fusion, ConvAddRelu) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({2, 8, 7, 7})), w = b.input(b.convWeight({8, 8, 3, 3})),
            shortcut = b.input(b.activation({2, 8, 7, 7}));
  b.like("relu", {b.like("add", {b.conv2d(x, w, -1, {.pad = {1, 1, 1, 1}}), shortcut})});
  check(b);
}

TEST_P(Fusion, DenseReluToPlain) {
  for (auto [images, outputs] : {std::pair{1, 500}, {64, 10}, {3, 17}, {1, 10}}) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation({images, 50})), w = b.input(b.denseWeight(outputs, b.tensor(x))),
              bias = b.input(b.vector(outputs));
    const int y = b.like("relu", {b.dense(x, w, bias)});
    b.relayout(y, KernelBuilder::plain(b.tensor(y).shape));
    check(b);
  }
}

TEST_P(Fusion, DenseTanh) {
  for (int images : {1, 7}) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation({images, 16, 5, 5})), w = b.input(b.denseWeight(120, b.tensor(x))),
              bias = b.input(b.vector(120));
    b.like("tanh", {b.dense(x, w, bias)});
    // Sums of about 1: tanh would hide or show the rounding of large ones.
    check(b, {.fills = {{w, [](int64_t flat) { return double(flat * 7919 % 2001 - 1000) / 20000; }}}});
  }
}

TEST_P(Fusion, DenseInputGradientReluGradient) {
  for (const std::vector<int64_t> &shape : {std::vector<int64_t>{64, 500}, {3, 50, 4, 4}, {1, 500}}) {
    KernelBuilder b = builder();
    const TensorSpec x = b.activation(shape);
    const int dy = b.input(b.activation({shape[0], 10})), w = b.input(b.denseWeight(10, x)),
              y = b.input(x);
    b.like("relu_gradient", {y, b.op("dense_input_gradient", {dy, w}, {x})});
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }
}

TEST_P(Fusion, ConvInputGradientReluGradient) {
  for (int64_t stride : {1, 2}) {
    KernelBuilder b = builder();
    const TensorSpec x = b.activation({3, 10, 11, 9});
    const Window window{{3, 3}, {stride, stride}, {1, 1, 1, 1}};
    const auto out = windowOutputs(window, 11, 9);
    const int dy = b.input(b.activation({3, 16, out[0], out[1]})),
              w = b.input(b.transposed(b.convWeight({16, 10, 3, 3}))), y = b.input(x);
    const int dx = b.op("conv2d_input_gradient", {dy, w}, {x}, KernelBuilder::attributesOf(window, false));
    b.like("relu_gradient", {y, dx});
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }
}

TEST_P(Fusion, PoolGradientReluGradient) {
  KernelBuilder b = builder();
  const TensorSpec x = b.activation({2, 20, 9, 9}), y = b.activation({2, 20, 4, 4});
  TensorSpec bytes = y;
  bytes.element = ElementType::U8;
  const int index = b.input(bytes), dy = b.input(y), forward = b.input(x);
  const int dx = b.op("max_pool_gradient", {index, dy}, {x}, KernelBuilder::attributesOf({{3, 3}, {2, 2}}, true));
  b.like("relu_gradient", {forward, dx});
  check(b, {.fills = {{index, [](int64_t flat) { return double(flat * 7919 % 101 % 9); }}},
            .gradients = {dy},
            .paddingIsZero = true});
}

TEST_P(Fusion, ReluMaxPool) {
  KernelBuilder b = builder();
  b.maxPool(b.like("relu", {b.input(b.activation({2, 20, 9, 9}))}), {{3, 3}, {2, 2}}, true);
  check(b);
}

TEST_P(Fusion, ScaleReluAdd) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({2, 20, 3, 5})), coefficient = b.input(b.vector(20)),
            other = b.input(b.activation({2, 20, 3, 5}));
  b.like("add", {b.like("relu", {b.like("scale", {x, coefficient})}), other});
  check(b);
}

FOVEA_NUMERIC_TARGETS(Fusion);

} // namespace

} // namespace fovea::test
