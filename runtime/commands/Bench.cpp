#include "runtime/Error.h"
#include "runtime/Random.h"
#include "runtime/ThreadPool.h"
#include "runtime/commands/Commands.h"
#include "runtime/commands/Peak.h"
#include "runtime/device/Device.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration span) { return std::chrono::duration<double, std::milli>(span).count(); }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Calls `body` until `budget` milliseconds have passed and it ran at least `least` times, or exactly `repeat` times.
std::vector<double> measure(std::optional<int64_t> repeat, double budget, int64_t least,
                            const std::function<void()> &body) {
  std::vector<double> times;
  auto begin = Clock::now();
  auto more = [&] {
    auto count = static_cast<int64_t>(times.size());
    return repeat ? count < *repeat : count < least || milliseconds(Clock::now() - begin) < budget;
  };
  while (more()) {
    auto start = Clock::now();
    body();
    times.push_back(milliseconds(Clock::now() - start));
  }
  return times;
}

const FunctionInfo &functionOfBatch(const Program &program, FunctionKind kind, std::optional<int64_t> batch) {
  std::vector<const FunctionInfo *> all = program.functionsOf(kind);
  std::string known;
  for (const FunctionInfo *function : all) {
    if (!batch || function->batch == *batch)
      return *function;
    known = std::to_string(function->batch) + (known.empty() ? "" : ", ") + known;
  }
  throw Error("this program was not compiled for batches of " + std::to_string(*batch) + ", but for " + known +
              "; compile it with --batch " + std::to_string(*batch));
}

/// What training runs for a batch: the function that updates the parameters itself, where there is one.
FunctionKind trainingKind(const Program &program, std::optional<int64_t> batch) {
  for (const FunctionInfo *function : program.functionsOf(FunctionKind::Train))
    if (!batch || function->batch == *batch)
      return FunctionKind::Train;
  return FunctionKind::Step;
}

bool isFollowedByUpdate(const Program &program, const FunctionInfo &function) {
  return function.kind == FunctionKind::Step && program.canTrain();
}

struct Kernel {
  KernelInfo info;
  std::vector<double> times; ///< ms
};

struct Result {
  std::vector<double> whole;     ///< ms
  double prepare = 0;            ///< ms, once before the first inference
  std::vector<double> computing; ///< ms, on a device: without copies of images, labels and outputs
  std::vector<Kernel> kernels;
};

/// Times the whole first, without profiling, then the kernels in runs of their own.
Result runBench(Session &session, const FunctionInfo &function, const BenchOptions &options) {
  const Program &program = session.program;
  AlignedFloats images, outputs;
  images.resize(function.batch * program.inputElements());
  outputs.resize(function.batch * program.outputElements());
  std::vector<int32_t> labels(function.batch);
  Random random(1, streamOf("bench"));
  for (int64_t i = 0; i < images.size(); ++i)
    images.data()[i] = static_cast<float>(random.uniform());
  for (int32_t &label : labels)
    label = static_cast<int32_t>(random.below(static_cast<uint32_t>(program.outputElements())));
  session.initialize(1);

  // With a rate of zero the update does all its work and yet leaves the parameters, and so the times, as they are.
  const FunctionInfo *update =
      isFollowedByUpdate(program, function) ? &functionOfBatch(program, FunctionKind::Update, {}) : nullptr;
  Profile profile(function.kernels.size()), updateProfile(update ? update->kernels.size() : 0);
  auto once = [&](bool profiled) {
    if (!options.train)
      return session.infer(images.data(), function.batch, outputs.data(), profiled ? &profile : nullptr);
    const Recipe &recipe = program.recipe;
    if (function.kind == FunctionKind::Train) {
      session.train(images.data(), labels.data(), function.batch, outputs.data(), 0, recipe.momentum,
                    recipe.weightDecay, profiled ? &profile : nullptr);
      return;
    }
    session.step(images.data(), labels.data(), function.batch, outputs.data(), profiled ? &profile : nullptr);
    if (update)
      session.update(0, recipe.momentum, recipe.weightDecay, profiled ? &updateProfile : nullptr);
  };

  Result result;
  if (!options.train)
    result.prepare = measure(1, 0, 1, [&] { session.prepare(); }).front();
  measure({}, 300, 3, [&] { once(false); }); // caches, clock frequency, threads
  result.whole = measure(options.repeat, 1500, 10, [&] { once(false); });
  // Images and labels are still where the call before left them. A step's losses come back, a few bytes an image.
  if (Device *device = session.usedDevice(); device && !update)
    result.computing = measure(options.repeat, 1500, 10, [&] {
      if (!options.train)
        session.infer(nullptr, function.batch, nullptr);
      else if (function.kind == FunctionKind::Train)
        session.train(nullptr, nullptr, function.batch, nullptr, 0, program.recipe.momentum,
                      program.recipe.weightDecay);
      else
        session.step(nullptr, nullptr, function.batch, nullptr);
      device->wait();
    });

  for (const KernelInfo &kernel : function.kernels)
    result.kernels.push_back({kernel, {}});
  if (update)
    for (const KernelInfo &kernel : update->kernels)
      result.kernels.push_back({kernel, {}});
  measure(options.repeat, 700, 5, [&] {
    once(true);
    size_t at = 0;
    for (const Profile *part : {&profile, &updateProfile})
      for (int64_t nanoseconds : part->nanoseconds)
        result.kernels[at++].times.push_back(static_cast<double>(nanoseconds) * 1e-6);
  });
  return result;
}

/// 10^9 per second.
double giga(int64_t amount, double ms) { return ms > 0 ? static_cast<double>(amount) / ms * 1e-6 : 0; }

} // namespace

int benchCommand(const Program &program, const BenchOptions &options) {
  if (options.train)
    program.needStep();
  const FunctionInfo &function = functionOfBatch(
      program, options.train ? trainingKind(program, options.batch) : FunctionKind::Infer, options.batch);
  Session session(program);
  Result result = runBench(session, function, options);
  double least = *std::min_element(result.whole.begin(), result.whole.end()), middle = median(result.whole);
  double imagesPerSecond = static_cast<double>(function.batch) / middle * 1000;
  int64_t flops = 0;
  for (const Kernel &kernel : result.kernels)
    flops += kernel.info.flops;

  const Device *device = session.usedDevice();
  const double peak = peakGflopsOf(device);

  if (options.json) {
    nlohmann::ordered_json root = {{"network", program.network},
                                   {"mode", options.train ? "train" : "infer"},
                                   {"ms_min", least},
                                   {"ms_median", middle},
                                   {"ms_prepare", result.prepare},
                                   {"images_per_second", imagesPerSecond},
                                   {"batch", function.batch},
                                   {"threads", threadCount()},
                                   {"runs", result.whole.size()},
                                   {"gflops", giga(flops, middle)},
                                   {"peak_gflops", peak},
                                   {"peak_percent", peak > 0 ? 100 * giga(flops, middle) / peak : 0},
                                   {"cpu", processorName()},
                                   {"device", machineName(device)},
                                   {"target", program.target}};
    if (!result.computing.empty()) {
      const double ms = median(result.computing);
      root["ms_computing"] = ms;
      root["gflops_computing"] = giga(flops, ms);
      root["peak_percent_computing"] = peak > 0 ? 100 * giga(flops, ms) / peak : 0;
    }
    root["kernels"] = nlohmann::ordered_json::array();
    for (const Kernel &kernel : result.kernels) {
      double ms = median(kernel.times);
      root["kernels"].push_back({{"name", kernel.info.name},
                                 {"ms", ms},
                                 {"gflops", giga(kernel.info.flops, ms)},
                                 {"peak_percent", peak > 0 ? 100 * giga(kernel.info.flops, ms) / peak : 0},
                                 {"gbytes_per_second", giga(kernel.info.bytes, ms)},
                                 {"flops", kernel.info.flops},
                                 {"bytes", kernel.info.bytes}});
    }
    std::printf("%s\n", root.dump().c_str());
    return 0;
  }

  std::printf("%s, %s%s, %d %s, %s\n", program.network.c_str(), function.name().c_str(),
              isFollowedByUpdate(program, function) ? " and update" : "", threadCount(),
              threadCount() == 1 ? "thread" : "threads", machineName(device).c_str());
  std::printf("  %.4f ms (least %.4f), %.0f images/s, %zu runs\n", middle, least, imagesPerSecond, result.whole.size());
  if (!options.train && !program.functionsOf(FunctionKind::Prepare).empty())
    std::printf("  %.4f ms once, before the first inference\n", result.prepare);
  if (!result.computing.empty())
    std::printf("  %.4f ms without copies, %.1f GFLOP/s\n", median(result.computing),
                giga(flops, median(result.computing)));
  std::printf("  %.1f GFLOP/s", giga(flops, middle));
  if (peak > 0)
    std::printf(" of %.1f that multiply-adds reach", peak);
  std::printf("\n\n");
  int width = 6;
  double sum = 0;
  for (const Kernel &kernel : result.kernels) {
    width = std::max(width, static_cast<int>(kernel.info.name.size()));
    sum += median(kernel.times);
  }
  std::printf("  %-*s  %10s  %6s  %8s  %6s  %8s\n", width, "kernel", "ms", "share", "GFLOP/s", "peak", "GB/s");
  for (const Kernel &kernel : result.kernels) {
    double ms = median(kernel.times);
    double gflops = giga(kernel.info.flops, ms);
    std::printf("  %-*s  %10.4f  %5.1f%%  %8.1f  %5.1f%%  %8.1f\n", width, kernel.info.name.c_str(), ms,
                sum > 0 ? 100 * ms / sum : 0, gflops, peak > 0 ? 100 * gflops / peak : 0, giga(kernel.info.bytes, ms));
  }
  return 0;
}

} // namespace fovea
