// dense, rbf, their gradients, and the sums over images that biases need.
#include "passes/ScheduleSpace.h"
#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

struct Case {
  std::vector<int64_t> x; ///< [N,K] or [N,C,H,W]
  int64_t outputs;
};

const Case cases[] = {
    {{1, 50, 4, 4}, 500}, // LeNet's ip1, one image: the weights stream through once
    {{7, 50, 4, 4}, 60},  // a batch that no tile of rows divides
    {{64, 500}, 10},      // LeNet's ip2
    {{1, 1}, 1},          // the smallest
    {{3, 5}, 2},          {{13, 33}, 17}, {{2, 3, 5, 1}, 84}, {{5, 2, 1, 3}, 3},
};

class Dense : public Numeric {};

TEST_P(Dense, Forward) {
  for (const Case &c : cases)
    for (bool bias : {true, false}) {
      KernelBuilder b = builder();
      const int x = b.input(b.activation(c.x)), w = b.input(b.denseWeight(c.outputs, b.tensor(x)));
      b.dense(x, w, bias ? b.input(b.vector(c.outputs)) : -1);
      check(b, {.paddingIsZero = true});
    }
}

// Sums so long that they are cut into blocks: the weight in cache for many images. Where the outputs fill a part of a tile, too.
TEST_P(Dense, ForwardInBlocks) {
  for (const Case &c : {Case{{16, 9216}, 64}, {{8, 256, 6, 6}, 128}, {{64, 9216}, 100}, {{12, 4096}, 10}}) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation(c.x)), w = b.input(b.denseWeight(c.outputs, b.tensor(x)));
    b.like("relu", {b.dense(x, w, b.input(b.vector(c.outputs)))});
    if (c.outputs % 64 == 0 && !b.target.onDevice()) { // 100 make tiles of one vector, too few sums to be worth blocks.
      EXPECT_TRUE(b.scheduled().schedule.contains("block"));
    }
    check(b, {.paddingIsZero = true});
  }
}

/// One image, of f32 or bf16, whose weight is read in several streams; and a sum that no turn of 8 divides.
TEST_P(Dense, ForwardInStreams) {
  if (builder().target.onDevice())
    GTEST_SKIP() << "a device's schedules have no keys";
  for (ElementType element : {ElementType::F32, ElementType::BF16})
    for (const std::vector<int64_t> &shape : {std::vector<int64_t>{1, 64, 2, 3}, {1, 202}}) {
      KernelBuilder b = builder();
      TensorSpec x = b.activation(shape), w = b.denseWeight(512, x);
      x.element = w.element = element;
      const int in = b.input(x), weight = b.input(w);
      b.like("relu", {b.dense(in, weight, b.input(b.vector(512)))});
      const int64_t lanes = b.target.vectorLanes;
      for (int64_t streams : {2, 4}) {
        b.schedule = {{"lanes", lanes}, {"vectors", w.block / lanes}, {"rows", 1}, {"parallel", 1}, {"streams", streams}};
        EXPECT_EQ(whyIllegal(b.scheduled(), b.schedule, b.target), "");
        check(b, {.paddingIsZero = true});
      }
    }
}

// fc6 of AlexNet comes from memory for each image; a weight that the caches hold is read in one stream.
TEST_P(Dense, StreamsOfLargeWeights) {
  if (builder().target.onDevice())
    GTEST_SKIP() << "a device's schedules have no keys";
  for (const auto &[inputs, outputs, streams] : {std::tuple{9216, 4096, true}, {64, 512, false}}) {
    KernelBuilder b = builder();
    const TensorSpec x = b.activation({1, inputs});
    const int in = b.input(x), w = b.input(b.denseWeight(outputs, x));
    b.dense(in, w, b.input(b.vector(outputs)));
    EXPECT_EQ(b.scheduled().schedule.contains("streams"), streams) << toJson(b.scheduled());
    EXPECT_EQ(whyIllegal(b.scheduled(), b.scheduled().schedule, b.target), "");
  }
}

TEST_P(Dense, InputGradient) {
  for (const Case &c : cases) {
    KernelBuilder b = builder();
    const TensorSpec x = b.activation(c.x);
    const int dy = b.input(b.activation({c.x[0], c.outputs})), w = b.input(b.denseWeight(c.outputs, x));
    b.op("dense_input_gradient", {dy, w}, {x});
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }
}

TEST_P(Dense, WeightGradient) {
  for (const Case &c : cases) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation(c.x)), dy = b.input(b.activation({c.x[0], c.outputs}));
    b.op("dense_weight_gradient", {x, dy}, {b.denseWeight(c.outputs, b.tensor(x))});
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }
}

TEST_P(Dense, BiasGradient) {
  for (const std::vector<int64_t> &shape : {std::vector<int64_t>{64, 10},
                                            {3, 500},
                                            {1, 1},
                                            {5, 3},
                                            {2, 20, 24, 24},
                                            {9, 1, 3, 5},
                                            {1, 6, 1, 1},
                                            {3, 50, 8, 8}}) {
    KernelBuilder b = builder();
    const int dy = b.input(b.activation(shape));
    b.op("bias_gradient", {dy}, {b.vector(shape[1])});
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }
}

TEST_P(Dense, ScaleCoefficientGradient) {
  for (const std::vector<int64_t> &shape :
       {std::vector<int64_t>{4, 6, 14, 14}, {3, 16, 5, 5}, {1, 1, 1, 1}, {2, 3, 4, 7}, {5, 10}}) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation(shape)), dy = b.input(b.activation(shape));
    b.op("scale_coefficient_gradient", {x, dy}, {b.vector(shape[1])});
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }
}

TEST_P(Dense, Rbf) {
  for (auto [images, inputs, outputs] : {std::tuple{1, 84, 10}, {7, 84, 10}, {2, 3, 1}, {3, 20, 33}}) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation({images, inputs})), centers = b.input(b.denseWeight(outputs, b.tensor(x)));
    b.op("rbf", {x, centers}, {b.activation({images, outputs})});
    check(b);
  }
}

TEST_P(Dense, RbfInputGradient) {
  for (auto [images, inputs, outputs] : {std::tuple{1, 84, 10}, {7, 84, 10}, {2, 3, 1}, {3, 20, 33}}) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation({images, inputs})), centers = b.input(b.denseWeight(outputs, b.tensor(x))),
              dy = b.input(b.activation({images, outputs}));
    b.op("rbf_input_gradient", {x, centers, dy}, {b.tensor(x)});
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }
}

FOVEA_NUMERIC_TARGETS(Dense);

} // namespace

} // namespace fovea::test
