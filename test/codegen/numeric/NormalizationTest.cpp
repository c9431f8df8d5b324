// Local response normalization and dropout, alone and in the kernels that the fusion makes.
#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

using Attributes = std::map<std::string, Attribute>;

Attributes lrnOf(int64_t size, double alpha, double beta, double k = 1, const std::string &region = "across") {
  return {{"size", size}, {"alpha", alpha}, {"beta", beta}, {"k", k}, {"region", region}};
}

const Attributes papers = lrnOf(5, 1e-4, 0.75, 2);
// Large alphas: the sums matter. Even sizes; an exponent of each kind; more neighbours than channels or pixels.
const Attributes numbers[] = {papers, lrnOf(5, 0.7, 0.75), lrnOf(3, 0.3, 0.5, 0.5), lrnOf(4, 0.9, 1), lrnOf(1, 2, 0.3),
                              lrnOf(9, 0.2, 1.4, 3)};
const std::vector<int64_t> shapes[] = {{2, 96, 7, 5}, {1, 3, 4, 4}, {3, 10, 5, 6}, {1, 1, 1, 1}, {2, 20, 3, 9}};

class Normalization : public Numeric {
protected:
  void gradient(const std::vector<int64_t> &shape, const Attributes &attributes) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation(shape)), dy = b.input(b.activation(shape));
    b.like("lrn_gradient", {x, dy}, attributes);
    check(b, {.gradients = {dy}, .paddingIsZero = true, .relative = 1e-5});
  }
  void forward(const std::vector<int64_t> &shape, const Attributes &attributes) {
    KernelBuilder b = builder();
    b.like("lrn", {b.input(b.activation(shape))}, attributes);
    check(b, {.relative = 4e-6});
  }
  Attributes within(Attributes attributes) {
    attributes["region"] = std::string("within");
    return attributes;
  }
};

TEST_P(Normalization, Across) {
  for (const auto &shape : shapes)
    for (const auto &attributes : numbers)
      forward(shape, attributes);
}
TEST_P(Normalization, Within) {
  for (const auto &shape : shapes)
    for (const auto &attributes : {numbers[1], numbers[2], numbers[3]})
      forward(shape, within(attributes));
}
TEST_P(Normalization, GradientAcross) {
  for (const auto &shape : shapes)
    for (const auto &attributes : numbers)
      gradient(shape, attributes);
}
TEST_P(Normalization, GradientWithin) {
  for (const auto &shape : shapes)
    for (const auto &attributes : {numbers[1], numbers[2], numbers[3]})
      gradient(shape, within(attributes));
}

// AlexNet's first two layers in small: a normalization needs all channels of a row, the pooling after it several rows.
TEST_P(Normalization, ConvReluLrnMaxPool) {
  for (int64_t images : {1, 3})
    for (int64_t filters : {10, 32, 96}) {
      KernelBuilder b = builder();
      const int x = b.input(b.activation({images, 3, 39, 39})), w = b.input(b.convWeight({filters, 3, 11, 11}));
      const int conv = b.conv2d(x, w, b.input(b.vector(filters)), {.stride = {4, 4}});
      b.maxPool(b.like("lrn", {b.like("relu", {conv})}, numbers[1]), {{3, 3}, {2, 2}});
      check(b, {.relative = 1e-5});
    }
}
TEST_P(Normalization, ConvReluLrn) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({2, 8, 9, 7})), w = b.input(b.convWeight({20, 8, 3, 3}));
  b.like("lrn", {b.like("relu", {b.conv2d(x, w, b.input(b.vector(20)), {.pad = {1, 1, 1, 1}})})}, numbers[1]);
  check(b, {.relative = 1e-5});
}
TEST_P(Normalization, LrnMaxPoolIndices) {
  for (int64_t images : {1, 4}) {
    KernelBuilder b = builder();
    b.maxPool(b.like("lrn", {b.input(b.activation({images, 24, 13, 11}))}, numbers[1]), {{3, 3}, {2, 2}}, true);
    check(b, {.relative = 4e-6});
  }
}
// Its backward: the pooling's gradient is computed in rows, as the normalization's reads it several times.
TEST_P(Normalization, MaxPoolGradientLrnGradientReluGradient) {
  for (int64_t images : {1, 4})
    for (int64_t channels : {24, 10}) {
      KernelBuilder b = builder();
      const std::vector<int64_t> small{images, channels, 6, 5}, large{images, channels, 13, 11};
      const int x = b.input(b.activation(large)), dy = b.input(b.activation(small));
      TensorSpec bytes = b.activation(small);
      bytes.element = ElementType::U8;
      const int indices = b.input(bytes);
      const int pooled = b.op("max_pool_gradient", {indices, dy}, {b.activation(large)},
                              KernelBuilder::attributesOf({{3, 3}, {2, 2}}, true));
      b.like("relu_gradient", {x, b.like("lrn_gradient", {x, pooled}, numbers[1])});
      check(b, {.gradients = {dy}, .paddingIsZero = true, .relative = 1e-5});
    }
}
// More than a device's block has memory for.
TEST_P(Normalization, LrnMaxPoolOfLargeWindows) {
  KernelBuilder b = builder();
  b.maxPool(b.like("lrn", {b.input(b.activation({1, 8, 20, 31}))}, numbers[1]), {{15, 15}, {1, 4}});
  check(b);
}

TEST_P(Normalization, AvgPoolOfLrnToPlain) {
  KernelBuilder b = builder();
  const int y = b.avgPool(b.like("lrn", {b.input(b.activation({2, 20, 9, 9}))}, numbers[2]),
                          {{3, 3}, {2, 2}, {1, 1, 1, 1}}, "valid");
  b.relayout(y, KernelBuilder::plain(b.tensor(y).shape));
  check(b, {.relative = 4e-6});
}

class Dropout : public Numeric {
protected:
  void drop(const std::vector<int64_t> &shape, double on, double p) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation(shape)), scalars = b.input(KernelBuilder::plain({8}));
    b.like("dropout", {x, scalars}, {{"p", p}, {"stream", int64_t(3)}});
    const double values[] = {0.1, 0.9, 0, 1, 64, on, 12345678, 16777215};
    check(b, {.fills = {{scalars, [&](int64_t index) { return values[index]; }}}, .relative = 1e-6});
  }
};

TEST_P(Dropout, DropsTheSameElementsInAnyLayout) {
  for (const auto &shape : {std::vector<int64_t>{5, 100}, {3, 10}, {2, 20, 5, 7}, {1, 3, 2, 2}})
    for (double p : {0.5, 0.1, 0.0})
      drop(shape, 1, p);
}
TEST_P(Dropout, FollowsFromThePlaceInTheWholeBatch) {
  drop({5, 100}, 1 + 64, 0.5);
  drop({2, 20, 5, 7}, 1 + 1048575, 0.3);
}
TEST_P(Dropout, IsOffWhenNotTraining) { drop({5, 100}, 0, 0.5); }
TEST_P(Dropout, IsTheIdentityWithoutScalars) {
  KernelBuilder b = builder();
  b.like("dropout", {b.input(b.activation({3, 40}))}, {{"p", 0.5}});
  check(b, {.relative = 0});
}

FOVEA_NUMERIC_TARGETS(Normalization);
FOVEA_NUMERIC_TARGETS(Dropout);

} // namespace

} // namespace fovea::test
