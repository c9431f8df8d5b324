// Times the kernels of models, each in a loop of its own: what it reads is in the caches as far as it fits.
//
//   fovea-kernel-bench [--from=STAGE] [--target=host] [--batch=1,64] [--train-batch=64] [--threads=N,...]
//                      [--autoscheduler=NAME] [Google Benchmark's options] MODEL ...
//
// MODEL is a model file, or with --from what `fovea compile --emit=ir|opt|schedule` printed: a kernel's schedule
// changed there is another tile tried. With --autoscheduler, Halide's Mullapudi2016, Adams2019 or Li2018 schedules the
// same algorithms. A name is that of network, function and kernel. Counters:
//
//   flops, direct_flops  of one call, see ModelKernels.h          bytes      read and written at least
//   GFLOP/s, %peak       of `flops`; the multiply-add peak that as many threads reach just before
//   GB/s, %read          of `bytes`; what as many threads read from memory
//   flop/byte            `flops` for each of `bytes`              compile_ms of the kernel, by Halide
//   our_us               with --autoscheduler: of our schedule's kernel, just before
#include "codegen/LoadedKernel.h"
#include "runtime/ThreadPool.h"
#include "runtime/commands/Peak.h"
#include "test/bench/ModelKernels.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <utility>

using namespace fovea;
using namespace fovea::bench;

namespace {

/// A kernel, compiled when it is first run: a filter spares the others.
struct Timed {
  ModelKernel model;
  std::unique_ptr<LoadedKernel> compiled, ours; ///< `ours` only beside an autoscheduler's.
};

/// GB/s by threads.
double readGbytes(int64_t threads) {
  static std::map<int64_t, double> measured;
  auto [found, isNew] = measured.try_emplace(threads, 0.0);
  if (isNew)
    found->second = measureReadGbytes();
  return found->second;
}

/// Memory of a kernel's arguments.
struct Arguments {
  std::vector<KernelMemory> blocks;
  std::vector<void *> pointers;

  void add(const TensorSpec &tensor) { pointers.push_back(blocks.emplace_back(tensor).data()); }

  explicit Arguments(const KernelSpec &kernel) {
    for (const TensorSpec &input : kernel.inputs)
      add(input);
    for (const TensorSpec &result : kernel.ops.back().results)
      add(result);
  }
};

/// Whether an autoscheduler's kernel computes what ours does, up to rounding: nothing else checks its bounds.
bool agree(const KernelSpec &kernel, const LoadedKernel &ours, const LoadedKernel &other) {
  const Arguments expected(kernel), actual(kernel);
  if (ours(expected.pointers) != 0 || other(actual.pointers) != 0)
    return false;
  const std::vector<TensorSpec> &results = kernel.ops.back().results;
  for (size_t result = 0; result < results.size(); ++result) {
    if (results[result].element != ElementType::F32)
      continue;
    const auto *a = static_cast<const float *>(expected.pointers[kernel.inputs.size() + result]);
    const auto *b = static_cast<const float *>(actual.pointers[kernel.inputs.size() + result]);
    float largest = 0, difference = 0;
    for (int64_t index = 0; index < physicalElements(results[result]); ++index) {
      largest = std::max(largest, std::abs(a[index]));
      difference = std::max(difference, std::abs(a[index] - b[index]));
    }
    if (!(difference <= 1e-3f * largest))
      return false;
  }
  return true;
}

/// Mean time of a call, over 20 ms at least.
double microseconds(const LoadedKernel &kernel, const Arguments &arguments) {
  using Clock = std::chrono::steady_clock;
  kernel(arguments.pointers);
  const auto begin = Clock::now();
  double spent = 0;
  int calls = 0;
  for (; spent < 20e3; ++calls) {
    kernel(arguments.pointers);
    spent = std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
  }
  return spent / calls;
}

void run(benchmark::State &state, Timed &kernel, const TargetInfo &target, Autoscheduler autoscheduler) {
  const int64_t threads = state.range(0);
  setThreadCount(int(threads));
  const DenormalsAreZero denormals;
  const KernelSpec &spec = kernel.model.kernel;
  autoscheduler.threads = int(threads);
  if (!kernel.compiled) {
    kernel.compiled = std::make_unique<LoadedKernel>(spec, target, autoscheduler);
    if (!autoscheduler.name.empty()) {
      kernel.ours = std::make_unique<LoadedKernel>(spec, target);
      if (!agree(spec, *kernel.ours, *kernel.compiled))
        return state.SkipWithError("its numbers are not those of our schedule");
    }
  }
  const Arguments arguments(spec);
  if (kernel.ours)
    state.counters["our_us"] = microseconds(*kernel.ours, arguments);
  const double gbytes = readGbytes(threads);
  const double peak = measurePeakGflops(); // Each time: a shared machine's clock and load drift.

  const auto begin = std::chrono::steady_clock::now();
  for (auto _ : state)
    if ((*kernel.compiled)(arguments.pointers) != 0)
      state.SkipWithError("the kernel failed");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double perNanosecond = double(state.iterations()) / seconds * 1e-9;

  const double flops = double(kernel.model.flops), bytes = double(kernel.model.bytes);
  auto percent = [](double of, double limit) { return limit > 0 ? of / limit * 100 : 0; };
  state.SetLabel(kernel.model.part);
  state.counters["flops"] = flops;
  state.counters["direct_flops"] = double(kernel.model.directFlops);
  state.counters["bytes"] = bytes;
  state.counters["flop/byte"] = flops / bytes;
  state.counters["GFLOP/s"] = flops * perNanosecond;
  state.counters["%peak"] = percent(flops * perNanosecond, peak);
  state.counters["peak_GFLOP/s"] = peak;
  state.counters["GB/s"] = bytes * perNanosecond;
  state.counters["%read"] = percent(bytes * perNanosecond, gbytes);
  state.counters["read_GB/s"] = gbytes;
  state.counters["compile_ms"] = kernel.compiled->secondsToCompile * 1e3;
}

int64_t numberIn(const std::string &text, const std::string &option, int64_t least) {
  int64_t number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || *end || number < least || number > 65536)
    throw std::invalid_argument(option + ": expected a number from " + std::to_string(least) + " to 65536, not `" +
                                text + "`");
  return number;
}

std::vector<int64_t> numbersIn(const std::string &list, const std::string &option) {
  std::vector<int64_t> numbers;
  std::istringstream stream(list);
  for (std::string item; std::getline(stream, item, ',');)
    numbers.push_back(numberIn(item, option, 1));
  if (numbers.empty())
    numberIn(list, option, 1); // Says what was expected.
  return numbers;
}

Autoscheduler autoschedulerNamed(const std::string &name) {
  for (const char *known : {"Mullapudi2016", "Adams2019", "Li2018"})
    if (name == known) {
      std::string file = name;
      file[0] = char(std::tolower(file[0]));
      return {name, FOVEA_HALIDE_PLUGINS "/libautoschedule_" + file + ".so"};
    }
  throw std::invalid_argument("--autoscheduler: expected Mullapudi2016, Adams2019 or Li2018, not `" + name + "`");
}

struct Options {
  std::string target = "host", from = "net";
  std::vector<int64_t> batches{1, 64}, threads{availableCores()};
  int64_t trainBatch = 64;
  Autoscheduler autoscheduler;
  std::vector<std::string> models;
};

Options read(int argc, char **argv) {
  Options options;
  for (int index = 1; index < argc; ++index) {
    const std::string argument = argv[index];
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals),
                      value = equals < argument.size() ? argument.substr(equals + 1) : "";
    if (name == "--target")
      options.target = value;
    else if (name == "--from")
      options.from = value;
    else if (name == "--batch")
      options.batches = numbersIn(value, name);
    else if (name == "--train-batch")
      options.trainBatch = numberIn(value, name, 0);
    else if (name == "--autoscheduler")
      options.autoscheduler = autoschedulerNamed(value);
    else if (name == "--threads")
      options.threads = numbersIn(value, name);
    else if (argument.starts_with("--"))
      throw std::invalid_argument("unknown option " + argument);
    else
      options.models.push_back(argument);
  }
  if (options.models.empty())
    throw std::invalid_argument("name a model file");
  return options;
}

int runAll(int argc, char **argv) {
  const Options options = read(argc, argv);
  const TargetInfo target = targetNamed(options.target);
  std::vector<Timed> kernels;
  for (const std::string &model : options.models)
    for (ModelKernel &kernel : kernelsOf(model, options.from, options.target, options.batches, options.trainBatch))
      kernels.push_back({std::move(kernel), nullptr, nullptr});
  for (Timed &kernel : kernels) {
    auto *benchmark = benchmark::RegisterBenchmark(
        kernel.model.name.c_str(), [&](benchmark::State &state) { run(state, kernel, target, options.autoscheduler); });
    benchmark->ArgName("threads")->UseRealTime()->Unit(benchmark::kMicrosecond);
    for (int64_t count : options.threads)
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
