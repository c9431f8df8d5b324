#include "codegen/Kernels.h"

#include "codegen/SourcesHash.h"
#include "ir/Versions.h"
#include "runtime/device/Ptx.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace fovea {

namespace {

std::string cacheKey(const PlannedKernel &kernel, const TargetInfo &target) {
  // What a schedule may ask of the machine beside its instructions.
  std::string machine = target.halideTarget;
  for (int number : {target.vectorLanes, target.vectorRegisters, target.fmaLatency, target.cores,
                     int(target.memoryBroadcast)})
    machine += ' ' + std::to_string(number);
  machine += target.bf16Features;
  return sha256(kernel.json + "\n" + kernel.symbol + "\n" + machine + "\n" + kernelCompilerId());
}

/// "compiling kernels 3/12" on one line, wiped when done.
class ProgressLine {
public:
  ProgressLine(bool shown, size_t total) : shown(shown && total > 0), total(total) { show(0); }
  ~ProgressLine() {
    if (shown)
      std::fputs("\r\033[K", stderr);
  }

  void show(size_t done) const {
    if (shown)
      std::fprintf(stderr, "\rcompiling kernels %zu/%zu", done, total);
  }

private:
  bool shown;
  size_t total;
};

/// Hands 0 .. count - 1 to `jobs` threads (0: as many as there are cores). The first problem stops all and is thrown.
void inParallel(size_t count, int jobs, const std::function<void(size_t)> &work) {
  std::mutex mutex;
  std::exception_ptr problem;
  std::atomic<size_t> next = 0;
  auto run = [&] {
    for (size_t turn; (turn = next++) < count;)
      try {
        work(turn);
      } catch (...) {
        std::lock_guard lock(mutex);
        if (!problem)
          problem = std::current_exception();
        next = count;
      }
  };
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const size_t width = std::min(count, jobs > 0 ? size_t(jobs) : cores);
  std::vector<std::thread> threads;
  for (size_t job = 1; job < width; ++job)
    threads.emplace_back(run);
  run();
  for (std::thread &thread : threads)
    thread.join();
  if (problem)
    std::rethrow_exception(problem);
}

std::string emit(const PlannedKernel &kernel, const TargetInfo &target, EmitFormat format) {
  try {
    const std::string text = emitKernel(kernel.spec, kernel.symbol, target, format);
    return format == EmitFormat::DeviceCode && target.device == DeviceKind::Cuda ? forDriver(text) : text;
  } catch (const std::exception &error) {
    const std::string what = error.what();
    throw std::runtime_error("kernel `" + kernel.label + "`: " + what.substr(0, what.find_last_not_of('\n') + 1));
  }
}

} // namespace

std::string kernelCompilerId() {
  return std::string("fovea ") + versions::fovea + ", Halide " + versions::halide + ", " + build::sourcesHash;
}

CompiledKernels compileKernels(const ProgramPlan &plan, const TargetInfo &target, Cache &cache,
                               const KernelCompilation &options) {
  CompiledKernels compiled;
  compiled.objects.resize(plan.kernels.size());
  std::vector<size_t> missing;
  for (size_t index = 0; index < plan.kernels.size(); ++index) {
    if (auto object = cache.load(cacheKey(plan.kernels[index], target)))
      compiled.objects[index] = std::move(*object);
    else
      missing.push_back(index);
  }
  compiled.fromCache = plan.kernels.size() - missing.size();
  if (missing.empty())
    return compiled;

  std::mutex mutex; // of the cache and the progress line
  size_t done = 0;
  ProgressLine line(options.progress, missing.size());
  inParallel(missing.size(), options.jobs, [&](size_t turn) {
    const PlannedKernel &kernel = plan.kernels[missing[turn]];
    std::string &object = compiled.objects[missing[turn]];
    object = emit(kernel, target, EmitFormat::Object);
    std::lock_guard lock(mutex);
    cache.store(cacheKey(kernel, target), object);
    line.show(++done);
  });
  return compiled;
}

std::vector<std::string> kernelTexts(const ProgramPlan &plan, const TargetInfo &target, EmitFormat format, int jobs) {
  std::vector<std::string> texts(plan.kernels.size());
  inParallel(texts.size(), jobs, [&](size_t index) { texts[index] = emit(plan.kernels[index], target, format); });
  return texts;
}

} // namespace fovea
