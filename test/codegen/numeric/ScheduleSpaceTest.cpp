// Every schedule that the tuner may measure computes what the cost model's does, and what it may not is told why.
#include "passes/ScheduleSpace.h"

#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

class ScheduleSpace : public Numeric {
protected:
  /// Checks the kernel with each schedule that a search would try from the cost model's; of long steps every `stride`-th.
  static void checkAll(const KernelBuilder &builder, const Checks &checks = {}, size_t stride = 3) {
    const KernelSpec kernel = builder.scheduled();
    EXPECT_EQ(whyIllegal(kernel, kernel.schedule, builder.target), "") << toJson(kernel);
    size_t tried = 0, turn = 0;
    for (const SearchStep &step : searchSteps(kernel, builder.target))
      for (const Schedule &change : step) {
        Schedule schedule = change;
        schedule.insert(kernel.schedule.begin(), kernel.schedule.end());
        if (!whyIllegal(kernel, schedule, builder.target).empty() || turn++ % (step.size() > 6 ? stride : 1) != 0)
          continue;
        KernelBuilder changed = builder;
        changed.schedule = schedule;
        check(changed, checks);
        ++tried;
      }
    EXPECT_GE(tried, 3u) << "there was next to nothing to search in";
  }

  static KernelBuilder convPool(const TargetInfo &target) {
    KernelBuilder b(target);
    const int x = b.input(b.activation({3, 8, 11, 12})), w = b.input(b.convWeight({48, 8, 3, 3}));
    b.maxPool(b.like("relu", {b.conv2d(x, w, b.input(b.vector(48)), {.pad = {1, 1, 1, 1}})}), {{3, 3}, {2, 2}});
    return b;
  }

  static KernelBuilder dense(const TargetInfo &target, int64_t images) {
    KernelBuilder b(target);
    const TensorSpec x = b.activation({images, 64, 2, 2});
    const int in = b.input(x), w = b.input(b.denseWeight(128, x));
    b.dense(in, w, b.input(b.vector(128)));
    return b;
  }
};

TEST_P(ScheduleSpace, Convolution) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({2, 16, 9, 13})), w = b.input(b.convWeight({64, 16, 3, 3}));
  b.like("relu", {b.conv2d(x, w, b.input(b.vector(64)), {})});
  checkAll(b);
}

TEST_P(ScheduleSpace, ConvolutionThenPool) { checkAll(convPool(builder().target), {}, 5); }

TEST_P(ScheduleSpace, ConvolutionThenNormalization) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({1, 3, 15, 15})), w = b.input(b.convWeight({32, 3, 3, 3}));
  const int y = b.conv2d(x, w, b.input(b.vector(32)), {});
  b.like("lrn", {y}, {{"size", int64_t(5)}, {"alpha", 0.1}, {"beta", 0.75}, {"k", 2.0}});
  checkAll(b, {}, 5);
}

TEST_P(ScheduleSpace, NormalizationThenPool) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({3, 24, 11, 12}));
  const int y = b.like("lrn", {b.like("relu", {x})}, {{"size", int64_t(5)}, {"alpha", 0.1}, {"beta", 0.75}, {"k", 2.0}});
  b.maxPool(y, {{3, 3}, {2, 2}}, true);
  checkAll(b, {}, 1);
}

TEST_P(ScheduleSpace, ConvolutionInGroups) {
  KernelBuilder b = builder();
  const int x = b.input(b.activation({2, 16, 7, 7})), w = b.input(b.convWeight({40, 8, 3, 3}, 2));
  b.conv2d(x, w, b.input(b.vector(40)), {.pad = {1, 1, 1, 1}, .groups = 2});
  checkAll(b);
}

TEST_P(ScheduleSpace, Dense) {
  checkAll(dense(builder().target, 1));
  checkAll(dense(builder().target, 12), {}, 5);
}

TEST_P(ScheduleSpace, DenseGradients) {
  KernelBuilder b = builder(), c = builder();
  const TensorSpec x = b.activation({6, 32, 2, 2});
  b.op("dense_input_gradient", {b.input(b.activation({6, 40})), b.input(b.denseWeight(40, x))}, {x});
  checkAll(b, {.gradients = {0}, .paddingIsZero = true}, 5);
  c.op("dense_weight_gradient", {c.input(x), c.input(c.activation({6, 40}))}, {c.denseWeight(40, x)});
  checkAll(c, {.gradients = {1}, .paddingIsZero = true});
}

TEST_P(ScheduleSpace, WeightGradient) {
  KernelBuilder b = builder();
  b.input(b.activation({4, 20, 8, 8})), b.input(b.activation({4, 32, 6, 6}));
  b.op("conv2d_weight_gradient", {0, 1}, {b.convWeight({32, 20, 3, 3})}, KernelBuilder::attributesOf({}, false));
  checkAll(b, {.gradients = {1}, .paddingIsZero = true});
}

TEST_P(ScheduleSpace, WinogradConvolution) {
  auto weightAt = [](int64_t flat) { return double(flat * 7919 % 2001 - 1000) / 1000; };
  for (int64_t images : {1, 6}) {
    KernelBuilder direct = builder(), transform = builder(), b = builder();
    const std::vector<int64_t> x{images, 16, 9, 10}, w{32, 16, 3, 3}, y{images, 32, 9, 10};
    const TensorSpec u = b.convWeight({32, 16, 6, 6});
    transform.op("winograd_weight", {transform.input(b.convWeight(w))}, {u},
                 {{"tile", int64_t(4)}, {"groups", int64_t(1)}, {"transposed", false}});
    direct.input(b.activation(x)), direct.input(b.convWeight(w));
    direct.like("relu", {direct.conv2d(0, 1, direct.input(b.vector(32)), {.pad = {1, 1, 1, 1}})});
    b.input(b.activation(x)), b.input(u), b.input(b.vector(32));
    b.like("relu", {b.op("winograd_conv2d", {0, 1, 2}, {b.activation(y)},
                         {{"tile", int64_t(4)}, {"groups", int64_t(1)}, {"pad", std::vector<int64_t>(4, 1)}})});
    checkAll(b, {.fills = {{1, weightAt}},
                 .relative = 1.5e-5,
                 .bytes = {{1, computed(transform, {.fills = {{0, weightAt}}})}},
                 .same = &direct});
  }
}

TEST_P(ScheduleSpace, WinogradInputGradient) {
  auto weightAt = [](int64_t flat) { return double(flat * 7919 % 2001 - 1000) / 1000; };
  KernelBuilder direct = builder(), transform = builder(), b = builder();
  const std::vector<int64_t> dx{6, 16, 9, 10}, w{32, 16, 3, 3}, dy{6, 32, 7, 8};
  const TensorSpec u = b.transposed(b.convWeight({32, 16, 6, 6}), 1);
  transform.op("winograd_weight", {transform.input(b.convWeight(w))}, {u},
               {{"tile", int64_t(4)}, {"groups", int64_t(1)}, {"transposed", true}});
  direct.input(b.activation(dy)), direct.input(b.transposed(b.convWeight(w), 1));
  direct.op("conv2d_input_gradient", {0, 1}, {b.activation(dx)},
            KernelBuilder::attributesOf({.kernel = {3, 3}}, false));
  b.input(b.activation(dy)), b.input(u);
  b.op("winograd_input_gradient", {0, 1}, {b.activation(dx)},
       {{"tile", int64_t(4)}, {"groups", int64_t(1)}, {"pad", std::vector<int64_t>(4, 0)}});
  checkAll(b, {.fills = {{1, weightAt}},
               .gradients = {0},
               .paddingIsZero = true,
               .relative = 1.5e-5,
               .bytes = {{1, computed(transform, {.fills = {{0, weightAt}}})}},
               .same = &direct});
}

TEST_P(ScheduleSpace, WinogradWeightGradient) {
  KernelBuilder b = builder();
  b.input(b.activation({3, 20, 8, 9})), b.input(b.activation({3, 32, 8, 9}));
  b.op("winograd_weight_gradient", {0, 1}, {b.convWeight({32, 20, 3, 3})},
       {{"tile", int64_t(4)}, {"groups", int64_t(1)}, {"pad", std::vector<int64_t>(4, 1)}});
  checkAll(b, {.gradients = {1}, .paddingIsZero = true, .relative = 1.5e-5});
}

TEST_P(ScheduleSpace, SaysWhatIsWrong) {
  const KernelBuilder b = convPool(targetNamed("x86-64-v3"));
  const KernelSpec kernel = b.scheduled();
  auto why = [&](const KernelSpec &spec, const char *key, int64_t value) {
    Schedule schedule = spec.schedule;
    schedule[key] = value;
    return whyIllegal(spec, schedule, b.target);
  };
  EXPECT_EQ(why(kernel, "inputs", 8), "the schedule of conv2d has no inputs");
  EXPECT_EQ(why(kernel, "pixels", 0), "pixels cannot be 0");
  EXPECT_EQ(why(kernel, "halo", -1), "halo cannot be -1");
  EXPECT_EQ(why(kernel, "halo", 2), "halo is 0 or 1");
  EXPECT_EQ(why(kernel, "order", 2), "order is 0 or 1");
  EXPECT_EQ(why(kernel, "order", 1),
            "only a convolution without rows of a pooling, whose tasks have all channels, has order of 1");
  EXPECT_EQ(why(kernel, "lanes", 16), "16 lanes are no vector of this target, whose registers have 8");
  EXPECT_EQ(why(kernel, "vectors", 5), "5 vectors of 8 do not divide a block of 24 channels");
  EXPECT_EQ(why(kernel, "pixels", 12), "pixels of 12 is more than the 11 there are");
  EXPECT_EQ(why(kernel, "pixels", 11), "a tile of 3 by 11 does not fit 16 registers");
  EXPECT_EQ(why(kernel, "parallel", 5), "parallel of 5 has no meaning for conv2d; the largest is 4");
  EXPECT_EQ(why(kernel, "rows", 9), "strips of 9 rows are more than the 5 there are");
  KernelBuilder pool = KernelBuilder(b.target);
  pool.maxPool(pool.input(pool.activation({1, 8, 9, 9})), {{3, 3}, {2, 2}});
  EXPECT_EQ(why(pool.scheduled(), "parallel", 2), "parallel of 2 has no meaning for max_pool, which has no tiles of channels");
  const KernelSpec dense = ScheduleSpace::dense(b.target, 12).scheduled();
  EXPECT_EQ(why(dense, "unroll", 9), "unroll is at most 8");
  EXPECT_EQ(why(dense, "block", 5), "blocks of 5 do not divide 64 inputs");
  KernelBuilder winograd = KernelBuilder(b.target);
  winograd.input(winograd.activation({1, 16, 9, 10})), winograd.input(winograd.convWeight({32, 16, 6, 6}));
  winograd.op("winograd_conv2d", {0, 1}, {winograd.activation({1, 32, 9, 10})},
              {{"tile", int64_t(4)}, {"groups", int64_t(1)}, {"pad", std::vector<int64_t>(4, 1)}});
  KernelSpec wide = winograd.scheduled();
  for (auto [key, value] : {std::pair("vectors", 4), {"pixels", 2}, {"prefetch", 1}})
    wide.schedule[key] = value;
  EXPECT_EQ(why(wide, "prefetch", 1), "");
  EXPECT_EQ(why(wide, "prefetch", 2), "prefetch is 0 or 1");
  EXPECT_EQ(why(wide, "vectors", 2),
            "prefetch needs tiles that read all 32 channels of a block, not 16");
}

} // namespace

FOVEA_CPU_TARGETS(ScheduleSpace);

} // namespace fovea::test
