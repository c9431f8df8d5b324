// The update of a parameter as the tail of the kernel that computes its gradient.
#include "test/codegen/numeric/Check.h"
#include "codegen/LoadedKernel.h"
#include "test/codegen/numeric/TestRuntime.h"

#include <cstring>

namespace fovea::test {

namespace {

/// lr, momentum, weight decay, factor of the loss, images that count.
const Fill scalars = [](int64_t index) { return std::vector<double>{0.1, 0.9, 5e-4, 1.0 / 64, 64, 0, 0, 0}.at(index); };

/// A kernel that computes the gradient of a parameter; its last operand is a gradient itself.
struct Gradient {
  std::string op;
  std::vector<TensorSpec> operands;
  TensorSpec parameter;
  std::map<std::string, Attribute> attributes = {};
  double relative = 2e-6;
};

class Update : public Numeric {
protected:
  /// Against the reference, in the parameter's own memory and beside it; and bit by bit against two kernels.
  void checkTail(const Gradient &gradient) {
    const TensorSpec &spec = gradient.parameter;
    KernelBuilder both = builder();
    std::vector<int> operands;
    for (const TensorSpec &operand : gradient.operands)
      operands.push_back(both.input(operand));
    const int dy = operands.back(), w = both.input(spec), v = both.input(spec), s = both.input(scalarSpec);
    const int g = both.op(gradient.op, operands, {spec}, gradient.attributes);
    both.op("sgd_update", {w, g, v, s}, {spec, spec}, factors);
    check(both, {.fills = {{s, scalars}}, .inPlace = {{0, w}, {1, v}}, .gradients = {dy}, .paddingIsZero = true, .relative = gradient.relative});
    check(both, {.fills = {{s, scalars}}, .gradients = {dy}, .paddingIsZero = true, .relative = gradient.relative});

    KernelBuilder first = builder(), second = builder();
    for (const TensorSpec &operand : gradient.operands)
      first.input(operand);
    first.op(gradient.op, operands, {spec}, gradient.attributes);
    for (const TensorSpec &operand : {spec, spec, spec, scalarSpec})
      second.input(operand);
    second.op("sgd_update", {0, 1, 2, 3}, {spec, spec}, factors);

    std::vector<GuardedMemory> memory; // The gradient's operands, the gradient, weight, momentum, scalars.
    std::vector<TensorSpec> specs = gradient.operands;
    specs.insert(specs.end(), {spec, spec, spec, scalarSpec});
    for (const TensorSpec &each : specs)
      fill(memory.emplace_back(physicalBytes(each)), each, each == scalarSpec ? scalars : ragged);
    const size_t at = gradient.operands.size();
    void *dw = memory[at].data(), *weight = memory[at + 1].data(), *momentum = memory[at + 2].data(),
         *rates = memory[at + 3].data();
    std::vector<void *> arguments;
    for (size_t operand = 0; operand < at; ++operand)
      arguments.push_back(memory[operand].data());

    std::vector<void *> split = arguments, whole = arguments;
    split.push_back(dw);
    whole.insert(whole.end(), {weight, momentum, rates, weight, momentum});
    const std::vector<uint8_t> weightBefore = memory[at + 1].copy(), momentumBefore = memory[at + 2].copy();
    EXPECT_EQ(LoadedKernel(first.scheduled(), first.target, {}, deviceFor(first.target))(split), 0);
    EXPECT_EQ(LoadedKernel(second.scheduled(), second.target, {},
                           deviceFor(second.target))({weight, dw, momentum, rates, weight, momentum}),
              0);
    const std::vector<uint8_t> weightApart = memory[at + 1].copy(), momentumApart = memory[at + 2].copy();
    std::memcpy(weight, weightBefore.data(), weightBefore.size());
    std::memcpy(momentum, momentumBefore.data(), momentumBefore.size());
    EXPECT_EQ(LoadedKernel(both.scheduled(), both.target, {}, deviceFor(both.target))(whole), 0);
    EXPECT_NE(memory[at + 1].copy(), weightBefore);
    expectSame(memory[at + 1].copy(), weightApart, gradient.op);
    expectSame(memory[at + 2].copy(), momentumApart, gradient.op);
  }

private:
  const TensorSpec scalarSpec = KernelBuilder::plain({8});
  const std::map<std::string, Attribute> factors = {{"lr_mult", 2.0}, {"decay_mult", 0.5}};

  /// LLVM's PTX rounds a product once with the sum that it is a term of, whatever Halide's strict_float asks: of a gradient
  /// that is a product (a mask's) the last bit differs.
  void expectSame(const std::vector<uint8_t> &together, const std::vector<uint8_t> &apart, const std::string &op) const {
    if (GetParam() != std::string("cuda") || op != "mul") {
      EXPECT_EQ(together, apart) << op << ": other bits than from two kernels";
      return;
    }
    ASSERT_EQ(together.size(), apart.size());
    for (size_t at = 0; at < apart.size(); at += sizeof(float)) {
      float left, right;
      std::memcpy(&left, &together[at], sizeof left);
      std::memcpy(&right, &apart[at], sizeof right);
      ASSERT_NEAR(left, right, 2e-7) << op << ": another number than from two kernels"; // Of numbers up to 2.
    }
  }

  /// Numbers whose sums round.
  static double ragged(int64_t flat) { return double(flat * 7919 % 2003 - 1001) / 1009; }

  static void fill(GuardedMemory &memory, const TensorSpec &spec, const Fill &values) {
    Array array(spec.shape);
    for (int64_t flat = 0; flat < array.size(); ++flat)
      array.values[flat] = values(flat);
    const auto bytes = toMemory(spec, array, 0);
    std::memcpy(memory.data(), bytes.data(), bytes.size());
  }
};

TEST_P(Update, OfConvolutions) {
  struct Case {
    std::vector<int64_t> x;
    int64_t filters, size;
    Window window = {};
  };
  const Case cases[] = {{{5, 20, 12, 12}, 50, 5},                                   // LeNet's; fewer images than chunks
                        {{9, 3, 23, 23}, 16, 11, {.stride = {4, 4}}},               // taps are columns
                        {{2, 96, 7, 7}, 64, 3, {.pad = {1, 1, 1, 1}, .groups = 2}}, // AlexNet's
                        {{1, 1, 1, 1}, 1, 1},                                       // the smallest
                        {{3, 17, 6, 5}, 33, 3, {.stride = {2, 1}, .pad = {0, 1, 2, 1}}}}; // channels just past vectors
  for (Case c : cases) {
    KernelBuilder b = builder();
    c.window.kernel = {c.size, c.size};
    const auto out = windowOutputs(c.window, c.x[2], c.x[3]);
    checkTail({"conv2d_weight_gradient",
               {b.activation(c.x), b.activation({c.x[0], c.filters, out[0], out[1]})},
               b.convWeight({c.filters, c.x[1] / c.window.groups, c.size, c.size}, c.window.groups),
               KernelBuilder::attributesOf(c.window, false)});
  }
}

TEST_P(Update, OfConvolutionsByWinograd) {
  if (builder().target.onDevice())
    GTEST_SKIP() << "Winograd's filtering is for CPUs";
  for (int64_t groups : {1, 2}) {
    KernelBuilder b = builder();
    checkTail({"winograd_weight_gradient",
               {b.activation({3, 32, 9, 7}), b.activation({3, 48, 9, 7})},
               b.convWeight({48, 32 / groups, 3, 3}, groups),
               {{"tile", int64_t(4)}, {"groups", groups}, {"pad", std::vector<int64_t>{1, 1, 1, 1}}},
               2e-5});
  }
}

// Inputs that no tile divides, a prime number of them, and the views of images.
TEST_P(Update, OfDenseLayers) {
  for (const auto &[shape, outputs] : {std::pair<std::vector<int64_t>, int64_t>{{7, 50, 4, 4}, 60},
                                       {{64, 500}, 10},
                                       {{3, 257}, 33},
                                       {{1, 1}, 1},
                                       {{13, 34}, 17},
                                       {{2, 3, 5, 1}, 84}}) {
    KernelBuilder b = builder();
    const TensorSpec x = b.activation(shape);
    checkTail({"dense_weight_gradient", {x, b.activation({shape[0], outputs})}, b.denseWeight(outputs, x)});
  }
}

TEST_P(Update, OfBiases) {
  for (const std::vector<int64_t> &shape :
       {std::vector<int64_t>{64, 10}, {3, 500}, {1, 1}, {2, 20, 24, 24}, {9, 1, 3, 5}, {3, 50, 8, 8}}) {
    KernelBuilder b = builder();
    checkTail({"bias_gradient", {b.activation(shape)}, b.vector(shape[1])});
  }
}

TEST_P(Update, OfScales) {
  for (const std::vector<int64_t> &shape : {std::vector<int64_t>{4, 6, 14, 14}, {5, 10}}) {
    KernelBuilder b = builder();
    checkTail({"scale_coefficient_gradient", {b.activation(shape), b.activation(shape)}, b.vector(shape[1])});
  }
}

TEST_P(Update, OfUnsharedConvolutions) {
  for (const auto &[x, filters] : {std::pair<std::vector<int64_t>, int64_t>{{6, 64, 6, 6}, 32}, {{3, 7, 4, 5}, 35}}) {
    KernelBuilder b = builder();
    const Window window{.kernel = {3, 3}, .pad = {1, 1, 1, 1}};
    const TensorSpec y = b.activation({x[0], filters, x[2], x[3]});
    checkTail({"local_weight_gradient",
               {b.activation(x), y},
               b.localWeight({filters, x[2], x[3], x[1], 3, 3}),
               KernelBuilder::attributesOf(window, false)});
    checkTail({"local_bias_gradient", {y}, b.localBias({filters, x[2], x[3]})});
  }
}

// A mask silences connections; a parameter that is used twice adds two gradients.
TEST_P(Update, OfMaskedAndSharedParameters) {
  KernelBuilder b = builder();
  for (const TensorSpec &spec : {b.convWeight({20, 6, 5, 5}), b.denseWeight(10, b.activation({1, 500})), b.vector(50)})
    for (const char *op : {"mul", "add"})
      checkTail({op, {spec, spec}, spec});
}

FOVEA_NUMERIC_TARGETS(Update);

} // namespace

} // namespace fovea::test
