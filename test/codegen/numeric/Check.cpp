#include "test/codegen/numeric/Check.h"

#include "codegen/LoadedKernel.h"
#include "test/codegen/numeric/Reference.h"
#include "test/codegen/numeric/TestRuntime.h"
#include "runtime/device/Device.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>

namespace fovea::test {

namespace {

/// In an activation's padding lanes may be anything finite; this is something that no sum survives.
constexpr double junk = 3e7;

Array filled(const TensorSpec &spec, const Fill &fill, std::mt19937 &random) {
  Array array(spec.shape);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (int64_t flat = 0; flat < array.size(); ++flat) {
    if (fill)
      array.values[flat] = spec.element == ElementType::F32 ? float(fill(flat)) : fill(flat);
    else if (spec.element == ElementType::BF16)
      array.values[flat] = toBf16(uniform(random));
    else if (spec.element == ElementType::F32)
      array.values[flat] = uniform(random);
    else
      array.values[flat] = double(random() % 4); // Labels and window indices that every test has.
  }
  return array;
}

bool isWeightLike(const TensorSpec &spec) {
  return spec.layout == LayoutKind::Weight || spec.layout == LayoutKind::WeightTransposed ||
         spec.layout == LayoutKind::Vector || spec.layout == LayoutKind::LocalWeight || spec.shape.size() == 3;
}

/// One run: the results' bytes.
std::vector<std::vector<uint8_t>> run(const LoadedKernel &compiled, const KernelSpec &kernel,
                                      const std::vector<std::vector<uint8_t>> &inputs, const Checks &checks) {
  std::vector<GuardedMemory> memory;
  for (const auto &bytes : inputs) {
    memory.emplace_back(bytes.size());
    std::memcpy(memory.back().data(), bytes.data(), bytes.size());
  }
  std::vector<void *> arguments;
  for (const GuardedMemory &block : memory)
    arguments.push_back(block.data());
  const auto &results = kernel.ops.back().results;
  memory.reserve(memory.size() + results.size());
  std::vector<std::pair<const uint8_t *, size_t>> outputs;
  for (size_t result = 0; result < results.size(); ++result) {
    if (auto shared = checks.inPlace.find(int(result)); shared != checks.inPlace.end())
      arguments.push_back(arguments[shared->second]);
    else
      arguments.push_back(memory.emplace_back(physicalBytes(results[result])).data());
    outputs.push_back({static_cast<const uint8_t *>(arguments.back()), physicalBytes(results[result])});
  }

  EXPECT_EQ(compiled(arguments), 0);

  for (size_t input = 0; input < inputs.size(); ++input) {
    bool shared = false;
    for (auto &[result, with] : checks.inPlace)
      shared |= with == int(input);
    if (!shared) {
      EXPECT_EQ(memory[input].copy(), inputs[input]) << "input " << input << " was written to";
    }
  }
  std::vector<std::vector<uint8_t>> bytes;
  for (auto [data, size] : outputs)
    bytes.emplace_back(data, data + size);
  return bytes;
}

/// Whether the kernel adds up hundreds of products: their rounding is relative to the largest results, not to each.
bool hasLongSums(const KernelSpec &kernel) {
  return std::any_of(kernel.ops.begin(), kernel.ops.end(), [](const OpSpec &op) {
    return op.op.starts_with("conv2d") || op.op.starts_with("winograd") || op.op.starts_with("dense") || op.op.starts_with("rbf_input") ||
           op.op == "rbf" || op.op.starts_with("batch_") || op.op.starts_with("local") || op.op == "bias_gradient" || op.op == "scale_coefficient_gradient";
  });
}

void compare(const TensorSpec &spec, const std::vector<uint8_t> &bytes, const Array &expected, const Checks &checks,
             double shareOfLargest) {
  std::vector<double> padding;
  const Array actual = fromMemory(spec, bytes.data(), padding);
  ASSERT_EQ(actual.size(), expected.size());
  double largest = 0;
  for (double value : expected.values)
    largest = std::max(largest, std::abs(value));
  int64_t worst = -1;
  double worstExcess = 0;
  for (int64_t flat = 0; flat < expected.size(); ++flat) {
    const double want = expected.values[flat], error = std::abs(actual.values[flat] - want);
    const double excess = error - checks.relative * (std::abs(want) + shareOfLargest * largest);
    if (!(excess <= worstExcess)) { // A NaN, too.
      worst = flat;
      worstExcess = excess;
      if (std::isnan(excess))
        break;
    }
  }
  if (worst >= 0)
    ADD_FAILURE() << "element " << worst << " of " << expected.size() << " is " << actual.values[worst] << ", not "
                  << expected.values[worst];
  for (double lane : padding)
    if (!std::isfinite(lane) || (lane != 0 && checks.paddingIsZero)) {
      ADD_FAILURE() << "a padding lane holds " << lane;
      break;
    }
}

/// What the inputs hold, logically and in memory.
struct Inputs {
  std::vector<Array> logical;
  std::vector<std::vector<uint8_t>> bytes;

  Inputs(const KernelSpec &kernel, const Checks &checks) {
    std::mt19937 random(1);
    for (size_t input = 0; input < kernel.inputs.size(); ++input) {
      const TensorSpec &spec = kernel.inputs[input];
      auto fill = checks.fills.find(int(input));
      logical.push_back(filled(spec, fill == checks.fills.end() ? nullptr : fill->second, random));
      const bool zero = isWeightLike(spec) || (spec.element != ElementType::F32 && spec.element != ElementType::BF16) ||
                        std::count(checks.gradients.begin(), checks.gradients.end(), int(input));
      auto given = checks.bytes.find(int(input));
      bytes.push_back(given != checks.bytes.end() ? given->second : toMemory(spec, logical.back(), zero ? 0 : junk));
    }
  }
};

/// Whether this check of the current test is left out: OpenCL's compiler takes about as long as all else together, and
/// CUDA's kernels are interpreted, so that of a test's variants only every third runs on a device, or with
/// FOVEA_EVERY_VARIANT all.
bool isLeftOut(const TargetInfo &target) {
  static const testing::TestInfo *test = nullptr;
  static int checks = 0;
  if (const auto *current = testing::UnitTest::GetInstance()->current_test_info();
      std::exchange(test, current) != current)
    checks = 0;
  return target.onDevice() && checks++ % 3 != 0 && !std::getenv("FOVEA_EVERY_VARIANT");
}

} // namespace

Device *deviceFor(const TargetInfo &target) {
  if (!target.onDevice())
    return nullptr;
  if (target.name == "cuda") {
    static const std::shared_ptr<Device> cuda = fovea_cuda_backend.open(0);
    return cuda.get();
  }
  static const std::shared_ptr<Device> openCl = fovea_opencl_backend.open(0);
  return openCl.get();
}

std::vector<uint8_t> computed(const KernelBuilder &builder, const Checks &checks) {
  const KernelSpec kernel = builder.scheduled();
  return run(LoadedKernel(kernel, builder.target, {}, deviceFor(builder.target)), kernel, Inputs(kernel, checks).bytes, checks).front();
}

void check(const KernelBuilder &builder, const Checks &checks) {
  if (isLeftOut(builder.target))
    return;
  const KernelSpec kernel = builder.scheduled();
  SCOPED_TRACE(toJson(kernel));
  const Inputs inputs(kernel, checks);
  const KernelSpec judged = checks.same ? checks.same->scheduled() : kernel;
  const std::vector<Array> expected = reference(judged, Inputs(judged, checks).logical);

  try {
    const LoadedKernel compiled(kernel, builder.target, {}, deviceFor(builder.target));
    loopOrder = LoopOrder::Forwards;
    const auto forwards = run(compiled, kernel, inputs.bytes, checks);
    loopOrder = LoopOrder::Backwards;
    const auto backwards = run(compiled, kernel, inputs.bytes, checks);
    EXPECT_EQ(forwards, backwards) << "the order of parallel iterations shows in the result";
    EXPECT_EQ(scratchBlocks, 0) << "scratch memory was not freed";
    for (size_t result = 0; result < forwards.size(); ++result)
      compare(kernel.ops.back().results[result], forwards[result], expected[result], checks,
              hasLongSums(kernel) ? 1 : 0.1);
  } catch (const std::runtime_error &error) {
    ADD_FAILURE() << error.what();
  }
}

void Numeric::SetUp() {
  const std::string name = GetParam();
  if (name == "x86-64-v4" && hostTarget().name != "x86-64-v4")
    GTEST_SKIP() << "this CPU has no AVX-512";
}

} // namespace fovea::test
