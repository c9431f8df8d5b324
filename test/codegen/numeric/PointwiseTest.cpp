// Element by element operations, and those that only move elements.
#include "test/codegen/numeric/Check.h"

#include <cmath>

namespace fovea::test {

namespace {

using Attributes = std::map<std::string, Attribute>;

const std::vector<std::vector<int64_t>> shapes = {{2, 20, 5, 7}, {3, 10},       {1, 1},
                                                  {1, 3, 1, 1},  {5, 17, 2, 3}, {64, 500}};

class Pointwise : public Numeric {
protected:
  void unary(const std::string &name, const Checks &checks, const Attributes &attributes = {}) {
    for (const auto &shape : shapes) {
      KernelBuilder b = builder();
      b.like(name, {b.input(b.activation(shape))}, attributes);
      check(b, checks);
    }
  }

  /// f(y, dy).
  void gradient(const std::string &name, const Checks &checks, const Attributes &attributes = {}) {
    for (const auto &shape : shapes) {
      KernelBuilder b = builder();
      const int y = b.input(b.activation(shape)), dy = b.input(b.activation(shape));
      b.like(name, {y, dy}, attributes);
      Checks all = checks;
      all.gradients = {dy};
      all.paddingIsZero = true;
      check(b, all);
    }
  }
};

const Attributes lecun = {{"amplitude", 1.7159}, {"slope", 0.6666667}};

/// 0, then +-1e-7 ... +-100 in equal ratios: all magnitudes that a tanh should get right.
double magnitudes(int64_t flat) {
  const double value = std::pow(10.0, -7 + 9 * double(flat % 59) / 58);
  return flat % 60 == 59 ? 0 : flat % 2 ? -value : value;
}

TEST_P(Pointwise, Relu) {
  unary("relu", {.relative = 0});
  unary("relu", {.relative = 1e-7}, {{"slope", 0.01}});
  unary("relu", {.relative = 0}, {{"max", 0.5}});
}
TEST_P(Pointwise, Sigmoid) {
  unary("sigmoid", {});
  unary("sigmoid", {.fills = {{0, magnitudes}}});
}
TEST_P(Pointwise, Tanh) {
  unary("tanh", {});
  unary("tanh", {}, lecun);
}

// Relative accuracy of each element alone: nothing large stands beside the small values.
TEST_P(Pointwise, TanhOfSmallValues) {
  for (double size : {1e-30, 1e-7, 1e-4, 1e-2, 0.1, 0.3, 0.6, 0.65, 1.0, 5.0}) {
    KernelBuilder b = builder();
    b.like("tanh", {b.input(b.activation({4, 8}))});
    check(b, {.fills = {{0, [=](int64_t flat) { return size * (1 + double(flat) / 100); }}}, .relative = 4e-7});
  }
}

TEST_P(Pointwise, Gradients) {
  gradient("relu_gradient", {.relative = 0});
  gradient("relu_gradient", {.relative = 1e-7}, {{"slope", 0.01}});
  gradient("relu_gradient", {.relative = 0}, {{"max", 0.5}});
  gradient("sigmoid_gradient", {});
  gradient("tanh_gradient", {});
  gradient("tanh_gradient", {}, lecun);
}

TEST_P(Pointwise, AddAndMul) {
  for (const char *name : {"add", "mul"})
    for (const auto &shape : shapes) {
      KernelBuilder b = builder();
      const int x = b.input(b.activation(shape)), y = b.input(b.activation(shape));
      b.like(name, {x, y});
      check(b, {.gradients = {x, y}, .paddingIsZero = true, .relative = 1e-7});
    }
}

// The gradient of a weight with unconnected inputs is multiplied by a mask in its packed order.
TEST_P(Pointwise, MulOfPackedWeights) {
  KernelBuilder b = builder();
  const int gradient = b.input(b.convWeight({16, 6, 5, 5})), mask = b.input(b.convWeight({16, 6, 5, 5}));
  b.like("mul", {gradient, mask});
  check(b, {.fills = {{mask, [](int64_t flat) { return double(flat / 25 % 3 != 0); }}},
            .paddingIsZero = true,
            .relative = 0});
}

TEST_P(Pointwise, Scale) {
  for (const auto &shape : shapes)
    for (bool bias : {true, false}) {
      KernelBuilder b = builder();
      std::vector<int> operands{b.input(b.activation(shape)), b.input(b.vector(shape[1]))};
      if (bias)
        operands.push_back(b.input(b.vector(shape[1])));
      b.like("scale", operands);
      check(b, {.paddingIsZero = true}); // The coefficients are zero there.
    }
}

// Filters that fill their blocks, and such that leave more lanes empty than their coefficients do.
TEST_P(Pointwise, ScaleFiltersOfAConvolution) {
  for (int64_t filters : {1, 6, 10, 20, 33, 64, 96, 100})
    for (int64_t groups : {1, 2}) {
      if (filters % groups != 0)
        continue;
      KernelBuilder b = builder();
      const int w = b.input(b.convWeight({filters, 5, 3, 2}, groups)), c = b.input(b.vector(filters));
      b.like("scale_filters", {w, c});
      check(b, {.paddingIsZero = true, .relative = 1e-7});
    }
}

TEST_P(Pointwise, ScaleFiltersOfADenseLayer) {
  for (int64_t outputs : {1, 10, 84, 128})
    for (const std::vector<int64_t> &input : {std::vector<int64_t>{2, 16, 5, 5}, {2, 30}}) {
      KernelBuilder b = builder();
      const int w = b.input(b.denseWeight(outputs, b.activation(input))), c = b.input(b.vector(outputs));
      b.like("scale_filters", {w, c});
      check(b, {.paddingIsZero = true, .relative = 1e-7});
    }
}

TEST_P(Pointwise, ScaleBias) {
  for (int64_t channels : {1, 10, 64, 100})
    for (bool offset : {true, false}) {
      KernelBuilder b = builder();
      std::vector<int> operands{b.input(b.vector(channels)), b.input(b.vector(channels))};
      if (offset)
        operands.push_back(b.input(b.vector(channels)));
      b.like("scale_bias", operands);
      check(b, {.paddingIsZero = true});
    }
}

TEST_P(Pointwise, Relayout) {
  for (const auto &shape : shapes)
    for (bool toPlain : {true, false}) {
      KernelBuilder b = builder();
      const TensorSpec plain = KernelBuilder::plain(shape), packed = b.activation(shape);
      b.relayout(b.input(toPlain ? packed : plain), toPlain ? plain : packed);
      check(b, {.paddingIsZero = true, .relative = 0});
    }
}

TEST_P(Pointwise, RelayoutBetweenPaddings) {
  KernelBuilder b = builder();
  TensorSpec narrow = b.activation({2, 5, 3, 3}), wide = narrow;
  narrow.block = 8;
  wide.block = 16;
  b.relayout(b.input(narrow), wide);
  check(b, {.paddingIsZero = true, .relative = 0});
}

TEST_P(Pointwise, CopyOfSameLayout) {
  for (const TensorSpec &spec : {builder().activation({2, 20, 3, 3}), builder().convWeight({10, 3, 2, 2}),
                                 builder().vector(10), KernelBuilder::plain({7}), KernelBuilder::plain({2, 3, 4, 5})}) {
    KernelBuilder b = builder();
    b.relayout(b.input(spec), spec);
    check(b, {.gradients = {0}, .paddingIsZero = true, .relative = 0});
  }
}

TEST_P(Pointwise, FlattenAndUnflatten) {
  for (const std::vector<int64_t> &shape :
       {std::vector<int64_t>{2, 50, 4, 4}, {1, 1, 1, 1}, {3, 5, 2, 3}, {2, 120, 1, 1}})
    for (bool flatten : {true, false}) {
      KernelBuilder b = builder();
      const TensorSpec image = b.activation(shape), flat = b.activation({shape[0], shape[1] * shape[2] * shape[3]});
      b.op(flatten ? "flatten" : "unflatten", {b.input(flatten ? image : flat)}, {flatten ? flat : image});
      check(b, {.paddingIsZero = true, .relative = 0});
    }
}

TEST_P(Pointwise, Concat) {
  for (const std::vector<int64_t> &channels : {std::vector<int64_t>{3, 5}, {16, 16}, {1, 1, 1}, {20, 7, 33}, {9}})
    for (bool image : {true, false}) {
      KernelBuilder b = builder();
      std::vector<int> operands;
      int64_t total = 0;
      auto shape = [&](int64_t c) { return image ? std::vector<int64_t>{2, c, 3, 4} : std::vector<int64_t>{5, c}; };
      for (int64_t c : channels) {
        operands.push_back(b.input(b.activation(shape(c))));
        total += c;
      }
      b.op("concat", operands, {b.activation(shape(total))});
      check(b, {.paddingIsZero = true, .relative = 0});
    }
}

TEST_P(Pointwise, ChannelShuffle) {
  for (auto [channels, groups] : {std::pair{12, 3}, {12, 4}, {10, 5}, {112, 4}, {6, 1}, {7, 7}, {34, 2}})
    for (bool image : {true, false}) {
      KernelBuilder b = builder();
      const int x =
          b.input(b.activation(image ? std::vector<int64_t>{2, channels, 3, 5} : std::vector<int64_t>{3, channels}));
      b.like("channel_shuffle", {x}, {{"groups", int64_t(groups)}});
      check(b, {.paddingIsZero = true, .relative = 0});
    }
}

TEST_P(Pointwise, Slice) {
  for (auto [channels, offset, size] : {std::tuple{8, 3, 5}, {32, 16, 16}, {60, 20, 7}, {3, 2, 1}, {9, 0, 9}}) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation({2, channels, 3, 4}));
    b.op("slice", {x}, {b.activation({2, size, 3, 4})}, {{"offset", int64_t(offset)}, {"size", int64_t(size)}});
    check(b, {.paddingIsZero = true, .relative = 0});
  }
}

FOVEA_NUMERIC_TARGETS(Pointwise);

} // namespace

} // namespace fovea::test
