#include "codegen/Kernels.h"

#include "codegen/BuildConfig.h"
#include "codegen/EmitKernel.h"
#include "codegen/SourcesHash.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace fovea {

namespace {

std::string cacheKey(const PlannedKernel &kernel, const TargetInfo &target) {
  return sha256(kernel.json + "\n" + kernel.symbol + "\n" + target.halideTarget + "\n" + kernelCompilerId());
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

} // namespace

std::string kernelCompilerId() {
  return std::string("fovea ") + build::version + ", Halide " + build::halideVersion + ", " + build::sourcesHash;
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

  std::mutex mutex; // of the cache, the progress line and the first problem
  std::exception_ptr problem;
  std::atomic<size_t> next = 0;
  size_t done = 0;
  ProgressLine line(options.progress, missing.size());
  auto work = [&] {
    for (size_t turn; (turn = next++) < missing.size();) {
      const PlannedKernel &kernel = plan.kernels[missing[turn]];
      std::string &object = compiled.objects[missing[turn]];
      try {
        object = emitKernel(kernel.spec, kernel.symbol, target, EmitFormat::Object);
      } catch (const std::exception &error) {
        std::lock_guard lock(mutex);
        if (!problem)
          problem = std::make_exception_ptr(std::runtime_error("kernel `" + kernel.label + "`: " + error.what()));
        next = missing.size();
        return;
      }
      std::lock_guard lock(mutex);
      cache.store(cacheKey(kernel, target), object);
      line.show(++done);
    }
  };

  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const size_t jobs = std::min(missing.size(), options.jobs > 0 ? size_t(options.jobs) : cores);
  std::vector<std::thread> threads;
  for (size_t job = 1; job < jobs; ++job)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
  if (problem)
    std::rethrow_exception(problem);
  return compiled;
}

} // namespace fovea
