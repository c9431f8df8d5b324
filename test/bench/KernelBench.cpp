// Times compiled kernels: LeNet's, or those in JSON files (as `--emit=halide` prints them).
//
//   fovea-kernel-bench [--target=host] [--threads=N,...] [Google Benchmark's options] [kernel.json ...]
//
// A file holds one kernel a line; leading "// " is dropped and other lines are skipped. Counters: GFLOP/s, their
// percentage of the multiply-add peak that as many threads reach just before, GB/s of what the kernel reads and writes
// at least once, and how long its compilation took.
#include "runtime/ThreadPool.h"
#include "runtime/commands/Peak.h"
#include "test/bench/LeNetKernels.h"
#include "test/codegen/numeric/LoadedKernel.h"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

using namespace fovea;
using namespace fovea::test;

namespace {

struct AlignedMemory {
  void *data;
  explicit AlignedMemory(size_t bytes) : data(std::aligned_alloc(64, (bytes + 127) / 64 * 64)) {}
  ~AlignedMemory() { std::free(data); }
  AlignedMemory(AlignedMemory &&other) noexcept : data(std::exchange(other.data, nullptr)) {}
};

/// Small numbers for floats: no sum overflows, nothing is denormal. Labels and window places are 0.
void fill(const TensorSpec &spec, void *memory) {
  std::memset(memory, 0, physicalBytes(spec));
  if (spec.element == ElementType::F32)
    for (int64_t index = 0; index < physicalElements(spec); ++index)
      static_cast<float *>(memory)[index] = float(index * 7919 % 2001 - 1000) / 1000;
}

void run(benchmark::State &state, const NamedKernel &named, const LoadedKernel &compiled) {
  setThreadCount(int(state.range(0)));
  const DenormalsAreZero denormals;
  std::vector<AlignedMemory> blocks;
  std::vector<void *> arguments;
  double bytes = 0;
  auto add = [&](const TensorSpec &spec) {
    arguments.push_back(blocks.emplace_back(physicalBytes(spec)).data);
    fill(spec, arguments.back());
    bytes += double(physicalBytes(spec));
  };
  for (const TensorSpec &input : named.kernel.inputs)
    add(input);
  for (const TensorSpec &result : named.kernel.ops.back().results)
    add(result);
  const double flops = flopsOf(named.kernel);
  const double peak = flops > 0 ? measurePeakGflops() : 0; // Each time: a shared machine's clock and load drift.

  const auto begin = std::chrono::steady_clock::now();
  for (auto _ : state)
    if (compiled(arguments) != 0)
      state.SkipWithError("the kernel failed");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double perSecond = double(state.iterations()) / seconds;

  state.counters["GB/s"] = bytes / 1e9 * perSecond;
  state.counters["compile ms"] = compiled.secondsToCompile * 1e3;
  state.counters["GFLOP/s"] = flops / 1e9 * perSecond;
  state.counters["% of peak"] = peak > 0 ? flops / 1e9 * perSecond / peak * 100 : 0;
}

/// One kernel a line; text before the first brace is a comment's beginning.
std::vector<NamedKernel> kernelsIn(const std::string &path) {
  std::ifstream file(path);
  if (!file)
    throw std::invalid_argument(path + ": cannot be read");
  std::vector<NamedKernel> kernels;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const size_t start = line.starts_with("// {") ? 3 : 0;
    if (line.size() > start && line[start] == '{')
      kernels.push_back({path + ":" + std::to_string(number), kernelFromJson(line.substr(start))});
  }
  if (kernels.empty())
    throw std::invalid_argument(path + ": holds no kernel");
  return kernels;
}

std::vector<int64_t> numbersIn(const std::string &list) {
  std::vector<int64_t> numbers;
  std::istringstream stream(list);
  for (std::string item; std::getline(stream, item, ',');)
    numbers.push_back(std::stoi(item));
  return numbers;
}

int runAll(int argc, char **argv) {
  std::string targetName = "host";
  std::vector<int64_t> threads{1, availableCores()};
  std::vector<std::string> files;
  for (int index = 1; index < argc; ++index) {
    const std::string argument = argv[index];
    if (argument.starts_with("--target="))
      targetName = argument.substr(9);
    else if (argument.starts_with("--threads="))
      threads = numbersIn(argument.substr(10));
    else if (argument.starts_with("--"))
      throw std::invalid_argument("unknown option " + argument);
    else
      files.push_back(argument);
  }
  if (threads.size() == 2 && threads[0] == threads[1])
    threads.pop_back();

  const TargetInfo target = targetNamed(targetName);
  std::vector<NamedKernel> kernels;
  for (const std::string &file : files)
    for (NamedKernel &kernel : kernelsIn(file))
      kernels.push_back(std::move(kernel));
  if (files.empty())
    kernels = leNetKernels(target);

  // Compiled when first run: a filter then spares the others.
  std::vector<std::unique_ptr<LoadedKernel>> compiled(kernels.size());
  for (size_t index = 0; index < kernels.size(); ++index) {
    auto *benchmark = benchmark::RegisterBenchmark(kernels[index].name.c_str(), [&, index](benchmark::State &state) {
      if (!compiled[index])
        compiled[index] = std::make_unique<LoadedKernel>(kernels[index].kernel, target);
      run(state, kernels[index], *compiled[index]);
    });
    benchmark->ArgName("threads")->UseRealTime()->Unit(benchmark::kMicrosecond);
    for (int64_t count : threads)
      benchmark->Arg(count);
  }
  benchmark::AddCustomContext("target", target.name + ", " + std::to_string(target.vectorLanes) + " lanes");
  benchmark::AddCustomContext("cpu", target.cpu);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  try {
    return runAll(argc, argv);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "fovea-kernel-bench: error: %s\n", error.what());
    return 1;
  }
}
