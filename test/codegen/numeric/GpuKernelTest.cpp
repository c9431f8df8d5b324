// What a device is asked to do for a kernel: how many launches, of which blocks of threads, with which memory.
// AlexNet's shapes; that the results are right, all other tests see.
#include "codegen/EmitKernel.h"
#include "test/codegen/numeric/KernelBuilder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

namespace fovea::test {

namespace {

struct Launches {
  int count = 0, shared = 0, scratch = 0; ///< Launches, those with shared memory, and buffers between launches.
  int64_t mostThreads = 0;                ///< In a block,
  int mostDeep = 0;                       ///< and in its third direction.
};

class GpuKernel : public testing::Test {
protected:
  static KernelBuilder builder() { return KernelBuilder(targetNamed("opencl")); }

  static Launches launches(const KernelBuilder &b) {
    const std::string text = emitKernel(b.scheduled(), "fovea_k", b.target, EmitFormat::Stmt);
    const std::string host = text.substr(text.find("func fovea_k"));
    Launches found;
    const std::regex run(R"(halide_opencl_run\([^"]*"\w+", \d+, \d+, \d+, (\d+), (\d+), (\d+), ([^,]*),)");
    for (std::sregex_iterator at(host.begin(), host.end(), run), end; at != end; ++at) {
      ++found.count;
      found.shared += (*at)[4] != "0";
      found.mostThreads =
          std::max<int64_t>(found.mostThreads, std::stoi((*at)[1]) * std::stoi((*at)[2]) * std::stoi((*at)[3]));
      found.mostDeep = std::max(found.mostDeep, std::stoi((*at)[3]));
    }
    const std::regex allocation(R"(\n\s*allocate )");
    found.scratch = int(std::distance(std::sregex_iterator(host.begin(), host.end(), allocation), {}));
    EXPECT_LE(found.mostThreads, 256) << "OpenCL promises no more, and each can have 255 registers on CUDA";
    EXPECT_LE(found.mostDeep, 64) << "CUDA has no more";
    return found;
  }

  static inline const std::map<std::string, Attribute> normalization = {
      {"size", int64_t(5)}, {"alpha", 1e-4}, {"beta", 0.75}, {"k", 2.0}};

  /// The update of the parameter `like`, whose gradient `op` computes; `b` has all inputs of that but these.
  static void withUpdate(KernelBuilder &b, const std::string &op, std::vector<int> operands, const TensorSpec &like,
                         const std::map<std::string, Attribute> &attributes = {}) {
    const int weight = b.input(like), momentum = b.input(like), rates = b.input(KernelBuilder::plain({8}));
    const int gradient = b.op(op, operands, {like}, attributes);
    b.op("sgd_update", {weight, gradient, momentum, rates}, {like, like});
  }
};

TEST_F(GpuKernel, ConvolutionIsOneLaunch) {
  for (int64_t images : {128, 1})
    for (int64_t groups : {1, 2}) {
      KernelBuilder b = builder();
      const int x = b.input(b.activation({images, 384, 13, 13}));
      const int w = b.input(b.convWeight({384, 384 / groups, 3, 3}, groups)), bias = b.input(b.vector(384));
      b.like("relu", {b.conv2d(x, w, bias, {.pad = {1, 1, 1, 1}, .groups = groups})});
      const Launches found = launches(b);
      EXPECT_EQ(found.count, 1);
      EXPECT_EQ(found.scratch, 0);
      EXPECT_GE(found.mostThreads, 64);
    }
}

TEST_F(GpuKernel, ConvolutionsInputGradientIsOneLaunch) {
  KernelBuilder b = builder();
  const int dy = b.input(b.activation({128, 384, 13, 13})), x = b.input(b.activation({128, 256, 13, 13}));
  const int w = b.input(b.transposed(b.convWeight({384, 256, 3, 3})));
  const int dx =
      b.op("conv2d_input_gradient", {dy, w}, {b.tensor(x)}, KernelBuilder::attributesOf({.pad = {1, 1, 1, 1}}, false));
  b.like("relu_gradient", {dx, x});
  const Launches found = launches(b);
  EXPECT_EQ(found.count, 1);
  EXPECT_EQ(found.scratch, 0);
}

// Of a plain sum each chunk of images would be a launch.
TEST_F(GpuKernel, WeightGradientIsChunksAndTheirSumWithTheUpdate) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({128, 256, 13, 13})), dy = b.input(b.activation({128, 384, 13, 13}));
  withUpdate(b, "conv2d_weight_gradient", {x, dy}, b.convWeight({384, 256, 3, 3}),
             KernelBuilder::attributesOf({.pad = {1, 1, 1, 1}}, false));
  const Launches found = launches(b);
  EXPECT_EQ(found.count, 2);
  EXPECT_EQ(found.scratch, 1);
}

TEST_F(GpuKernel, WeightGradientOfAWideKernelHasBlocksThatCudaTakes) {
  for (int64_t width : {33, 70, 300}) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation({8, 16, 1, width + 5})), dy = b.input(b.activation({8, 64, 1, 6}));
    withUpdate(b, "conv2d_weight_gradient", {x, dy}, b.convWeight({64, 16, 1, width}),
               KernelBuilder::attributesOf({}, false));
    EXPECT_EQ(launches(b).count, 2);
  }
}

TEST_F(GpuKernel, NormalizationAndPoolingShareMemory) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({128, 96, 55, 55}));
  b.maxPool(b.like("lrn", {x}, normalization), {{3, 3}, {2, 2}});
  const Launches found = launches(b);
  EXPECT_EQ(found.count, 1);
  EXPECT_EQ(found.shared, 1);
  EXPECT_EQ(found.scratch, 0);
}

// 35 rows of 38 columns of 32 channels would take 170 KiB.
TEST_F(GpuKernel, NormalizationBehindALargePoolingIsALaunchOfItsOwn) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({8, 96, 55, 55}));
  b.maxPool(b.like("lrn", {x}, normalization), {{35, 35}, {1, 1}});
  const Launches found = launches(b);
  EXPECT_GE(found.count, 2);
  EXPECT_EQ(found.shared, 0);
  EXPECT_GE(found.scratch, 1);
}

TEST_F(GpuKernel, DenseLayerOfABatchIsPartsAndTheirSum) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({128, 256, 6, 6})), w = b.input(b.denseWeight(4096, b.tensor(x)));
  b.like("relu", {b.dense(x, w, b.input(b.vector(4096)))});
  const Launches found = launches(b);
  EXPECT_EQ(found.count, 2);
  EXPECT_EQ(found.scratch, 1);
}

TEST_F(GpuKernel, DenseLayerOfOneImageAddsItsPartsInSharedMemory) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({1, 256, 6, 6})), w = b.input(b.denseWeight(4096, b.tensor(x)));
  b.like("relu", {b.dense(x, w, b.input(b.vector(4096)))});
  const Launches found = launches(b);
  EXPECT_EQ(found.count, 1);
  EXPECT_EQ(found.shared, 1);
  EXPECT_EQ(found.scratch, 0);
}

TEST_F(GpuKernel, DenseGradientsAreOneLaunch) {
  KernelBuilder b = builder();
  const TensorSpec image = b.activation({128, 256, 6, 6});
  const int dy = b.input(b.activation({128, 4096})), w = b.input(b.denseWeight(4096, image));
  b.op("dense_input_gradient", {dy, w}, {image});
  EXPECT_EQ(launches(b).count, 1);

  KernelBuilder g = builder();
  const int x = g.input(image), gradient = g.input(g.activation({128, 4096}));
  withUpdate(g, "dense_weight_gradient", {x, gradient}, g.denseWeight(4096, image));
  const Launches found = launches(g);
  EXPECT_EQ(found.count, 1);
  EXPECT_EQ(found.scratch, 0);
}

TEST_F(GpuKernel, BiasGradientIsSumsOfImagesAndTheirSum) {
  KernelBuilder b = builder();
  const int dy = b.input(b.activation({128, 96, 55, 55}));
  withUpdate(b, "bias_gradient", {dy}, b.vector(96));
  EXPECT_EQ(launches(b).count, 2);
}

} // namespace

} // namespace fovea::test
