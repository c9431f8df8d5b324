// The ways to have the rows that overlapping windows share: each computes the same, and each row as often as it should.
#include "test/codegen/numeric/Check.h"

#include "passes/TilingCost.h"
#include "codegen/LoadedKernel.h"
#include "test/codegen/numeric/TestRuntime.h"

namespace fovea::test {

namespace {

enum class Between { Nothing, Lrn };

/// conv2d+relu(+lrn)+max_pool over an image of height x width.
KernelBuilder pooled(const TargetInfo &target, const Window &pool, Between between, int64_t height = 13,
                     int64_t width = 11, int64_t images = 2, bool indices = false) {
  KernelBuilder b(target);
  const int x = b.input(b.activation({images, 3, height, width})), w = b.input(b.convWeight({40, 3, 3, 3})),
            bias = b.input(b.vector(40));
  int y = b.like("relu", {b.conv2d(x, w, bias, {.pad = {1, 1, 1, 1}})});
  if (between == Between::Lrn)
    y = b.like("lrn", {y}, {{"size", int64_t(5)}, {"alpha", 0.1}, {"beta", 0.75}, {"k", 2.0}});
  b.maxPool(y, pool, indices);
  return b;
}

/// Line buffers and recomputing, under each kind of parallel loop, in strips that divide the rows and that do not.
const std::vector<PoolTiling> tilings = {{false, 0, 0}, {true, 0, 0},  {false, 1, 0}, {true, 1, 0},
                                         {false, 2, 0}, {true, 2, 0},  {false, 3, 2}, {false, 3, 3},
                                         {true, 3, 1},  {false, 4, 2}, {true, 4, 1},  {true, 4, 3}};

class Tiling : public Numeric {};

TEST_P(Tiling, WindowsOfAllSizesAndStrides) {
  size_t next = 0;
  for (int64_t size = 2; size <= 5; ++size)
    for (int64_t stride = 1; stride <= 3; ++stride)
      for (int times = 0; times < 3; ++times, ++next) {
        const int64_t pad = next % 3 == 0 ? size / 2 : 0;
        KernelBuilder b =
            pooled(targetNamed(GetParam()), {{size, size}, {stride, stride}, {pad, pad, pad, pad}, next % 2 == 0},
                   next % 4 == 0 ? Between::Lrn : Between::Nothing);
        PoolTiling tiling = tilings[next % tilings.size()];
        if (next % 4 == 0 && (tiling.parallel == 2 || tiling.parallel == 4)) // A normalization needs all channels.
          tiling = {tiling.recompute, 3, 2};
        b.schedule = toSchedule(tiling);
        check(b);
      }
}

TEST_P(Tiling, EachTilingOfOneKernel) {
  for (const PoolTiling &tiling : tilings) {
    KernelBuilder b = pooled(targetNamed(GetParam()), {{3, 3}, {2, 2}}, Between::Nothing, 15, 17, 3, true);
    b.schedule = toSchedule(tiling);
    check(b);
  }
}

TEST_P(Tiling, OneRow) {
  for (const PoolTiling &tiling : {PoolTiling{false, 0, 1}, {true, 1, 1}, {true, 3, 1}, {false, 3, 1}})
    for (Between between : {Between::Nothing, Between::Lrn}) {
      KernelBuilder low = pooled(targetNamed(GetParam()), {{1, 3}, {1, 2}}, between, 1);
      low.schedule = toSchedule(tiling);
      check(low);
      KernelBuilder high = pooled(targetNamed(GetParam()), {{3, 3}, {2, 2}}, between, 4);
      high.schedule = toSchedule(tiling);
      check(high);
    }
}

TEST_P(Tiling, WithoutAConvolution) {
  for (const PoolTiling &tiling : tilings) {
    if (tiling.parallel == 2 || tiling.parallel == 4)
      continue;
    KernelBuilder b = KernelBuilder(targetNamed(GetParam()));
    const int x = b.input(b.activation({2, 20, 13, 11}));
    const int y = b.like("lrn", {x}, {{"size", int64_t(5)}, {"alpha", 0.1}, {"beta", 0.75}, {"k", 2.0}});
    b.maxPool(y, {{3, 3}, {2, 2}, {1, 1, 0, 0}}, true);
    b.schedule = toSchedule(tiling);
    check(b);
  }
}

TEST_P(Tiling, ToPlain) {
  for (Between between : {Between::Nothing, Between::Lrn})
    for (const PoolTiling &tiling : {PoolTiling{false, 1, 0}, {false, 3, 2}, {true, 3, 1}}) {
      KernelBuilder b = pooled(targetNamed(GetParam()), {{3, 3}, {2, 2}}, between);
      const int64_t pool = between == Between::Lrn ? 6 : 5; // Three inputs, then the results.
      b.relayout(int(pool), KernelBuilder::plain(b.tensor(int(pool)).shape));
      b.schedule = toSchedule(tiling);
      check(b);
    }
}

/// How often the functions named `rows`, which a pooling or normalization reads, store their first channel's first
/// column: once for each row that they compute.
std::map<std::string, int64_t> countRows(const KernelBuilder &builder) {
  TargetInfo target = builder.target;
  target.halideTarget += "-trace_stores";
  const KernelSpec kernel = builder.scheduled();
  const LoadedKernel compiled(kernel, target);
  std::map<std::string, int64_t> counts;
  storeListener = [&](const std::string &function, const std::vector<int> &at) {
    if (function.starts_with("rows") && at[0] == 0 && at[1] == 0)
      ++counts[function];
  };
  std::vector<GuardedMemory> memory;
  for (const TensorSpec &input : kernel.inputs)
    memory.emplace_back(physicalBytes(input));
  for (const TensorSpec &result : kernel.ops.back().results)
    memory.emplace_back(physicalBytes(result));
  std::vector<void *> arguments;
  for (const GuardedMemory &block : memory)
    arguments.push_back(block.data());
  EXPECT_EQ(compiled(arguments), 0);
  storeListener = nullptr;
  return counts;
}

TEST(TilingRows, AreComputedAsOftenAsTheCostModelSays) {
  const TargetInfo target = targetNamed("x86-64-v3");
  const int64_t images = 2;
  for (const Window &pool : {Window{{3, 3}, {1, 1}, {1, 1, 1, 1}}, Window{{3, 3}, {2, 2}, {0, 0, 0, 0}, true}})
    for (Between between : {Between::Nothing, Between::Lrn})
      for (const PoolTiling &tiling : tilings) {
        const bool tiles = tiling.parallel == 2 || tiling.parallel == 4;
        if (tiles && between == Between::Lrn)
          continue;
        KernelBuilder b = pooled(target, pool, between, 14, 11, images);
        b.schedule = toSchedule(tiling);
        const TilingCost cost = tilingCost(b.scheduled(), tiling, b.target);
        const auto counts = countRows(b);
        EXPECT_EQ(counts.size(), between == Between::Lrn ? 2u : 1u);
        for (const auto &[function, count] : counts)
          EXPECT_EQ(count, images * cost.computed) << function << ", halo " << tiling.recompute << " parallel "
                                                   << tiling.parallel << " rows " << tiling.rows;
        if (!tiling.recompute && tiling.parallel < 3) {
          EXPECT_EQ(cost.computed, cost.needed) << "a row of a line buffer is computed twice";
        }
      }
}

FOVEA_CPU_TARGETS(Tiling);

} // namespace

} // namespace fovea::test
