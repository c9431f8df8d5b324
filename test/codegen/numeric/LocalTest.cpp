// Unshared convolution and its gradients.
#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

struct Case {
  std::vector<int64_t> x;
  int64_t filters;
  Window window;
};

// CIFAR's layer; one channel, one filter, one image; more than a vector of either; kernels as large as the image; strides.
const Case cases[] = {{{6, 64, 6, 6}, 32, {.kernel = {3, 3}, .pad = {1, 1, 1, 1}}},
                      {{1, 1, 4, 5}, 1, {.kernel = {2, 3}}},
                      {{2, 3, 7, 5}, 10, {.kernel = {3, 3}, .stride = {2, 1}, .pad = {1, 0, 2, 1}}},
                      {{3, 20, 5, 5}, 35, {.kernel = {5, 5}}},
                      {{17, 10, 5, 4}, 20, {.kernel = {1, 2}, .stride = {3, 2}, .pad = {0, 1, 0, 1}}},
                      {{1, 16, 3, 3}, 16, {.kernel = {3, 3}, .pad = {1, 1, 1, 1}}}};

class Local : public Numeric {
protected:
  static std::vector<int64_t> output(const Case &c) {
    const auto size = windowOutputs(c.window, c.x[2], c.x[3]);
    return {c.x[0], c.filters, size[0], size[1]};
  }
  static TensorSpec weight(const KernelBuilder &b, const Case &c) {
    const auto y = output(c);
    return b.localWeight({c.filters, y[2], y[3], c.x[1], c.window.kernel[0], c.window.kernel[1]});
  }
  static std::map<std::string, Attribute> attributes(const Case &c) {
    return KernelBuilder::attributesOf(c.window, false);
  }
};

TEST_P(Local, Forward) {
  for (const Case &c : cases)
    for (bool fused : {false, true}) {
      KernelBuilder b = builder();
      const auto y = output(c);
      const int x = b.input(b.activation(c.x)), w = b.input(weight(b, c));
      std::vector<int> operands{x, w};
      if (fused)
        operands.push_back(b.input(b.localBias({y[1], y[2], y[3]})));
      const int result = b.op("local", operands, {b.activation(y)}, attributes(c));
      if (fused)
        b.relayout(b.like("relu", {result}), KernelBuilder::plain(y));
      check(b);
    }
}
TEST_P(Local, InputGradient) {
  for (const Case &c : cases)
    for (bool fused : {false, true}) {
      KernelBuilder b = builder();
      const int dy = b.input(b.activation(output(c))), w = b.input(weight(b, c)), y = b.input(b.activation(c.x));
      const int dx = b.op("local_input_gradient", {dy, w}, {b.activation(c.x)}, attributes(c));
      if (fused)
        b.like("relu_gradient", {y, dx});
      check(b, {.gradients = {dy}, .paddingIsZero = true});
    }
}
TEST_P(Local, WeightGradient) {
  for (const Case &c : cases) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation(c.x)), dy = b.input(b.activation(output(c)));
    b.op("local_weight_gradient", {x, dy}, {weight(b, c)}, attributes(c));
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }
}
TEST_P(Local, BiasGradient) {
  for (const Case &c : cases) {
    KernelBuilder b = builder();
    const auto y = output(c);
    const int dy = b.input(b.activation(y));
    b.op("local_bias_gradient", {dy}, {b.localBias({y[1], y[2], y[3]})});
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }
}
TEST_P(Local, SgdUpdatesWeightAndBias) {
  for (bool bias : {false, true}) {
    KernelBuilder b = builder();
    const TensorSpec spec = bias ? b.localBias({20, 3, 4}) : b.localWeight({20, 3, 4, 5, 2, 2});
    const int w = b.input(spec), g = b.input(spec), v = b.input(spec), s = b.input(KernelBuilder::plain({8}));
    b.op("sgd_update", {w, g, v, s}, {spec, spec}, {{"lr_mult", 2.0}});
    check(b, {.inPlace = {{0, w}, {1, v}}, .paddingIsZero = true});
  }
}

FOVEA_NUMERIC_TARGETS(Local);

} // namespace

} // namespace fovea::test
