// conv2d and its gradients on shapes that schedules tend to get wrong.
#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

struct Case {
  std::vector<int64_t> x; ///< [N,C,H,W]
  int64_t outputs, kh, kw;
  std::vector<int64_t> stride = {1, 1}, pad = {0, 0, 0, 0}, dilation = {1, 1};
  int64_t groups = 1;

  std::vector<int64_t> weight() const { return {outputs, x[1] / groups, kh, kw}; }
};

const Case plainCases[] = {
    {{1, 1, 28, 28}, 20, 5, 5},  // LeNet's
    {{5, 20, 12, 12}, 50, 5, 5}, // LeNet's
    {{1, 1, 1, 1}, 1, 1, 1},     // the smallest
    {{3, 2, 7, 5}, 3, 1, 1},     // fewer channels than a vector has lanes
    {{2, 3, 9, 11}, 6, 3, 2},    // neither square
    {{2, 17, 5, 6}, 33, 5, 6},   // one output pixel, channels just past vectors
};
const Case stridedCases[] = {
    {{2, 3, 11, 13}, 8, 3, 3, {2, 2}},              // rows and columns left over
    {{2, 4, 12, 9}, 5, 4, 3, {3, 2}},               // strides that differ
    {{1, 2, 9, 9}, 10, 2, 2, {3, 3}},               // a stride past the kernel: pixels that nothing reads
    {{2, 3, 23, 23}, 16, 11, 11, {4, 4}},           // AlexNet's first
    {{3, 5, 8, 7}, 12, 3, 3, {2, 1}, {1, 0, 2, 1}}, // with uneven padding
};
const Case paddedCases[] = {
    {{2, 8, 13, 13}, 16, 3, 3, {1, 1}, {1, 1, 1, 1}},
    {{1, 1, 28, 28}, 6, 5, 5, {1, 1}, {2, 2, 2, 2}}, // LeNet-5's first on 28 x 28
    {{2, 3, 4, 5}, 7, 3, 5, {1, 1}, {0, 1, 2, 3}},
    {{1, 2, 2, 2}, 4, 5, 5, {1, 1}, {3, 3, 3, 3}}, // a kernel and a padding larger than the image
    {{1, 16, 3, 3}, 24, 1, 1, {1, 1}, {1, 1, 1, 1}},
};
const Case groupedCases[] = {
    {{2, 96, 7, 7}, 256, 5, 5, {1, 1}, {2, 2, 2, 2}, {1, 1}, 2}, // AlexNet's second, a smaller image
    {{1, 48, 6, 5}, 32, 3, 3, {1, 1}, {1, 1, 1, 1}, {1, 1}, 2},
    {{2, 6, 5, 6}, 9, 3, 3, {1, 1}, {0, 0, 0, 0}, {1, 1}, 3},   // groups of 2 and 3: no vector fits
    {{2, 10, 7, 6}, 12, 3, 2, {2, 2}, {1, 0, 1, 1}, {1, 1}, 2}, // strided
    {{1, 8, 6, 6}, 8, 3, 3, {1, 1}, {1, 1, 1, 1}, {1, 1}, 8},   // each channel by itself
    {{2, 72, 4, 4}, 72, 1, 1, {1, 1}, {0, 0, 0, 0}, {1, 1}, 3}, // lanes that no group fills
};
const Case dilatedCases[] = {
    {{2, 8, 12, 11}, 16, 3, 3, {1, 1}, {2, 2, 2, 2}, {2, 2}},
    {{1, 3, 13, 9}, 6, 2, 3, {1, 1}, {0, 1, 3, 2}, {4, 2}},
    {{2, 4, 14, 13}, 10, 3, 2, {2, 3}, {1, 2, 1, 0}, {2, 3}}, // with stride
    {{1, 8, 9, 9}, 8, 3, 3, {1, 1}, {2, 2, 2, 2}, {2, 2}, 2}, // with groups
};

class Conv : public Numeric {
protected:
  static Window window(const Case &c) { return {{c.kh, c.kw}, c.stride, c.pad, false, c.dilation, c.groups}; }
  static std::vector<int64_t> outputShape(const Case &c) {
    const auto out = windowOutputs(window(c), c.x[2], c.x[3]);
    return {c.x[0], c.outputs, out[0], out[1]};
  }

  void forward(const Case &c, bool bias) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation(c.x)), w = b.input(b.convWeight(c.weight(), c.groups));
    b.conv2d(x, w, bias ? b.input(b.vector(c.outputs)) : -1, window(c));
    check(b, {.paddingIsZero = c.groups == 1}); // Weights and biases are zero there.
  }

  void inputGradient(const Case &c) {
    KernelBuilder b = builder();
    const int dy = b.input(b.activation(outputShape(c)));
    const int w = b.input(b.transposed(b.convWeight(c.weight(), c.groups), c.groups));
    b.op("conv2d_input_gradient", {dy, w}, {b.activation(c.x)}, KernelBuilder::attributesOf(window(c), false));
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }

  void weightGradient(const Case &c) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation(c.x)), dy = b.input(b.activation(outputShape(c)));
    b.op("conv2d_weight_gradient", {x, dy}, {b.convWeight(c.weight(), c.groups)},
         KernelBuilder::attributesOf(window(c), false));
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }
};

TEST_P(Conv, Plain) {
  for (const Case &c : plainCases)
    forward(c, true);
  forward(plainCases[3], false);
}
TEST_P(Conv, Strided) {
  for (const Case &c : stridedCases)
    forward(c, true);
}
TEST_P(Conv, Padded) {
  for (const Case &c : paddedCases)
    forward(c, false);
}
TEST_P(Conv, InputGradientPlain) {
  for (const Case &c : plainCases)
    inputGradient(c);
}
TEST_P(Conv, InputGradientStrided) {
  for (const Case &c : stridedCases)
    inputGradient(c);
}
TEST_P(Conv, InputGradientPadded) {
  for (const Case &c : paddedCases)
    inputGradient(c);
}
TEST_P(Conv, WeightGradientPlain) {
  for (const Case &c : plainCases)
    weightGradient(c);
}
TEST_P(Conv, WeightGradientStrided) {
  for (const Case &c : stridedCases)
    weightGradient(c);
}
TEST_P(Conv, WeightGradientPadded) {
  for (const Case &c : paddedCases)
    weightGradient(c);
}

TEST_P(Conv, Grouped) {
  for (const Case &c : groupedCases)
    forward(c, true);
}
TEST_P(Conv, InputGradientGrouped) {
  for (const Case &c : groupedCases)
    inputGradient(c);
}
TEST_P(Conv, WeightGradientGrouped) {
  for (const Case &c : groupedCases)
    weightGradient(c);
}
TEST_P(Conv, Dilated) {
  for (const Case &c : dilatedCases)
    forward(c, true);
}
TEST_P(Conv, InputGradientDilated) {
  for (const Case &c : dilatedCases)
    inputGradient(c);
}
TEST_P(Conv, WeightGradientDilated) {
  for (const Case &c : dilatedCases)
    weightGradient(c);
}

// More kernel columns than a block of threads has in one direction.
TEST_P(Conv, WeightGradientOfWideKernels) { weightGradient({{2, 5, 3, 75}, 9, 1, 70}); }

// Images are summed in chunks: counts that no chunk size divides.
TEST_P(Conv, WeightGradientOfOddBatches) {
  for (int64_t images : {1, 7, 9, 17, 30})
    weightGradient({{images, 3, 6, 6}, 5, 3, 3});
}

// Of so many images a device's thread takes eight at a time, at one place.
const Case batches[] = {
    {{8, 8, 7, 9}, 16, 5, 5, {2, 2}, {2, 2, 2, 2}},             // ZFNet's second, a smaller image
    {{8, 3, 6, 8}, 8, 2, 3, {1, 2}},                            // strided along rows alone,
    {{8, 5, 8, 7}, 12, 3, 3, {2, 1}, {1, 0, 2, 1}},             // and along columns
    {{16, 16, 5, 5}, 24, 1, 1, {2, 2}},                         // pixels that nothing reads
    {{8, 10, 7, 6}, 12, 3, 2, {2, 2}, {1, 0, 1, 1}, {1, 1}, 2}, // in groups
    {{8, 4, 14, 13}, 10, 3, 2, {2, 3}, {1, 2, 1, 0}, {2, 3}},   // with dilation
    {{8, 48, 6, 5}, 32, 3, 3, {1, 1}, {1, 1, 1, 1}, {1, 1}, 2}, // AlexNet's second, likewise
};
TEST_P(Conv, Batches) {
  for (const Case &c : batches)
    forward(c, true);
}
TEST_P(Conv, InputGradientOfBatches) {
  for (const Case &c : batches)
    inputGradient(c);
}
TEST_P(Conv, WeightGradientOfBatches) {
  for (const Case &c : batches)
    weightGradient(c);
}

TEST_P(Conv, TransposeWeight) {
  for (const Case &c : {plainCases[0], plainCases[1], plainCases[3], plainCases[5]}) {
    KernelBuilder b = builder();
    const int w = b.input(b.convWeight({c.outputs, c.x[1], c.kh, c.kw}));
    b.op("transpose_weight", {w}, {b.transposed(b.tensor(w))});
    check(b, {.paddingIsZero = true, .relative = 0});
  }
}

FOVEA_NUMERIC_TARGETS(Conv);

} // namespace

} // namespace fovea::test
