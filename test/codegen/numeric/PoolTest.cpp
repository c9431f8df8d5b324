// Pooling and its gradients: windows that overlap, leave gaps, hang over, or see only padding at their edge.
#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

struct Case {
  std::vector<int64_t> x;
  Window window;
};

const Case cases[] = {
    {{3, 20, 24, 24}, {{2, 2}, {2, 2}}},                   // LeNet's
    {{2, 4, 13, 13}, {{3, 3}, {2, 2}}},                    // AlexNet's: windows overlap
    {{1, 1, 1, 1}, {{1, 1}, {1, 1}}},                      // the smallest
    {{2, 3, 7, 5}, {{2, 3}, {2, 1}}},                      // neither square; a row left over
    {{1, 6, 9, 9}, {{2, 2}, {3, 3}}},                      // a stride past the window
    {{2, 5, 6, 7}, {{3, 3}, {2, 2}, {0, 0, 0, 0}, true}},  // hangs over (Caffe)
    {{2, 10, 5, 5}, {{3, 3}, {2, 2}, {1, 1, 1, 1}}},       // padded
    {{1, 17, 6, 5}, {{3, 2}, {3, 2}, {1, 0, 2, 1}, true}}, // both, unevenly
    {{2, 2, 4, 4}, {{4, 4}, {1, 1}}},                      // the whole image
};

class Pool : public Numeric {
protected:
  static std::vector<int64_t> outputShape(const Case &c) {
    const auto out = windowOutputs(c.window, c.x[2], c.x[3]);
    return {c.x[0], c.x[1], out[0], out[1]};
  }
};

TEST_P(Pool, Max) {
  for (const Case &c : cases) {
    KernelBuilder b = builder();
    b.maxPool(b.input(b.activation(c.x)), c.window);
    check(b, {.relative = 0});
  }
}

TEST_P(Pool, MaxOfNegativesIsNotThePadding) {
  KernelBuilder b = builder();
  b.maxPool(b.input(b.activation({2, 10, 5, 5})), {{3, 3}, {2, 2}, {1, 1, 1, 1}});
  check(b, {.fills = {{0, [](int64_t flat) { return -1e30 - double(flat) * 1e27; }}}, .relative = 0});
}

TEST_P(Pool, MaxIndices) {
  for (const Case &c : cases) {
    KernelBuilder b = builder();
    b.maxPool(b.input(b.activation(c.x)), c.window, true);
    check(b, {.relative = 0});
  }
}

// Few distinct values, as after a relu: the first maximum in row-major order wins.
TEST_P(Pool, MaxIndicesOfTies) {
  for (const Case &c : cases) {
    KernelBuilder b = builder();
    b.maxPool(b.input(b.activation(c.x)), c.window, true);
    check(b, {.fills = {{0, [](int64_t flat) { return double(flat * 7919 % 13 % 3); }}}, .relative = 0});
    check(b, {.fills = {{0, [](int64_t) { return 0.0; }}}, .relative = 0});
  }
}

TEST_P(Pool, MaxGradient) {
  for (const Case &c : cases) {
    KernelBuilder b = builder();
    TensorSpec indices = b.activation(outputShape(c));
    indices.element = ElementType::U8;
    const int64_t places = c.window.kernel[0] * c.window.kernel[1];
    const int index = b.input(indices), dy = b.input(b.activation(outputShape(c)));
    b.op("max_pool_gradient", {index, dy}, {b.activation(c.x)}, KernelBuilder::attributesOf(c.window, true));
    check(b, {.fills = {{index, [=](int64_t flat) { return double(flat * 7919 % 101 % places); }}},
              .gradients = {dy},
              .paddingIsZero = true});
  }
}

TEST_P(Pool, Avg) {
  for (const Case &c : cases)
    for (const char *divisor : {"padded", "valid", "one"}) {
      KernelBuilder b = builder();
      b.avgPool(b.input(b.activation(c.x)), c.window, divisor);
      check(b);
    }
}

TEST_P(Pool, AvgGradient) {
  for (const Case &c : cases)
    for (const char *divisor : {"padded", "valid", "one"}) {
      KernelBuilder b = builder();
      const int dy = b.input(b.activation(outputShape(c)));
      auto attributes = KernelBuilder::attributesOf(c.window, true);
      attributes["divisor"] = std::string(divisor);
      b.op("avg_pool_gradient", {dy}, {b.activation(c.x)}, attributes);
      check(b, {.gradients = {dy}, .paddingIsZero = true});
    }
}

FOVEA_NUMERIC_TARGETS(Pool);

} // namespace

} // namespace fovea::test
