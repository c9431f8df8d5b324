#include "codegen/tune/KernelTuner.h"

#include "codegen/LoadedKernel.h"
#include "passes/ScheduleSpace.h"
#include "passes/Tuning.h"
#include "runtime/ThreadPool.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>
#include <utility>

namespace fovea {

namespace {

/// A schedule must win by this much: less is within what a machine's mood changes from hour to hour.
constexpr double clearlyFaster = 0.98;

/// Weights of cold networks are read from this much memory in turn, more than caches hold.
constexpr int64_t coldBytes = 128 << 20;

/// Runs of a schedule in a round, unless one takes long.
constexpr int runsOfRound = 3;
constexpr double takesLong = 2e4; ///< Microseconds.

double secondsOf(TuneClock::duration span) { return std::chrono::duration<double>(span).count(); }

bool isWeight(const TensorSpec &spec) {
  return spec.layout == LayoutKind::Weight || spec.layout == LayoutKind::WeightTransposed ||
         spec.layout == LayoutKind::LocalWeight;
}

/// The kernel's operands and results; weights several times over where they are to come from memory.
class Operands {
public:
  Operands(const KernelSpec &kernel, bool coldWeights) : kernel(kernel) {
    int64_t weights = 0;
    for (const TensorSpec &input : kernel.inputs)
      weights += isWeight(input) ? physicalBytes(input) : 0;
    const int64_t copies = coldWeights && weights > (1 << 16) ? std::max<int64_t>(2, coldBytes / weights) : 1;
    std::vector<int> shared;
    for (const TensorSpec &input : kernel.inputs)
      shared.push_back(isWeight(input) ? -1 : add(input));
    const size_t firstResult = blocks.size();
    for (const TensorSpec &result : kernel.ops.back().results)
      add(result);
    for (int64_t copy = 0; copy < copies; ++copy) {
      auto &arguments = sets.emplace_back();
      for (size_t input = 0; input < kernel.inputs.size(); ++input)
        arguments.push_back(blocks[shared[input] < 0 ? add(kernel.inputs[input]) : shared[input]].data());
      for (size_t result = 0; result < kernel.ops.back().results.size(); ++result)
        arguments.push_back(blocks[firstResult + result].data());
    }
  }

  const std::vector<void *> &next() { return sets[turn++ % sets.size()]; }

  /// Results of the last run, floats only: what two schedules may round differently.
  std::vector<float> results() const {
    std::vector<float> values;
    const auto &specs = kernel.ops.back().results;
    for (size_t index = 0; index < specs.size(); ++index)
      if (specs[index].element == ElementType::F32) {
        auto *first = static_cast<float *>(sets[0][kernel.inputs.size() + index]);
        values.insert(values.end(), first, first + physicalElements(specs[index]));
      }
    return values;
  }

private:
  const KernelSpec &kernel;
  std::vector<KernelMemory> blocks;
  std::vector<std::vector<void *>> sets;
  size_t turn = 0;

  int add(const TensorSpec &spec) {
    blocks.emplace_back(spec);
    return int(blocks.size()) - 1;
  }
};

bool agree(const std::vector<float> &a, const std::vector<float> &b) {
  double largest = 0;
  for (float value : a)
    if (std::isfinite(value))
      largest = std::max(largest, std::abs(double(value)));
  for (size_t index = 0; index < a.size(); ++index)
    if (std::abs(double(a[index]) - double(b[index])) > 1e-3 * largest || std::isfinite(a[index]) != std::isfinite(b[index]))
      return false;
  return true;
}

/// The least of `count` runs, in microseconds. Small kernels run many times at once, which a clock can tell apart.
double leastOf(int count, const LoadedKernel &kernel, Operands &operands, double guess) {
  const DenormalsAreZero denormals;
  const int64_t repeat = std::clamp<int64_t>(int64_t(1000 / guess), 1, 200);
  double least = 1e30;
  for (int run = 0; run < count; ++run) {
    const auto begin = TuneClock::now();
    for (int64_t index = 0; index < repeat; ++index)
      kernel(operands.next());
    least = std::min(least, 1e6 * secondsOf(TuneClock::now() - begin) / double(repeat));
  }
  return least;
}

struct Candidate {
  Schedule schedule;
  std::unique_ptr<LoadedKernel> kernel;
  double best = 1e30; ///< Microseconds.
};

std::string textOf(const Schedule &schedule) {
  std::string text;
  for (const auto &[key, value] : schedule)
    text += (text.empty() ? "" : " ") + key + "=" + std::to_string(value);
  return text;
}

class Search {
public:
  Search(const KernelSpec &kernel, const TuneConditions &conditions, TuneClock::time_point deadline)
      : kernel(kernel), conditions(conditions), deadline(deadline), operands(kernel, conditions.coldWeights) {}

  TuneResult run() {
    base.schedule = kernel.schedule;
    base.kernel = std::make_unique<LoadedKernel>(kernel, conditions.target);
    time(base, 2);
    time(base, runs(base));
    expected = operands.results();
    known.insert(base.schedule);
    result.measured = 1;
    for (const SearchStep &step : searchSteps(kernel, conditions.target))
      if (hasTime())
        take(step);
    finish();
    return std::move(result);
  }

private:
  const KernelSpec &kernel;
  const TuneConditions &conditions;
  const TuneClock::time_point deadline;
  Operands operands;
  Candidate base, best; ///< `best` is empty while nothing has beaten the base.
  std::vector<float> expected;
  std::set<Schedule> known;
  TuneResult result;

  bool hasTime() const { return TuneClock::now() < deadline && !conditions.interrupted(); }
  double bestTime() const { return best.kernel ? best.best : base.best; }
  const Schedule &bestSchedule() const { return best.kernel ? best.schedule : base.schedule; }

  void time(Candidate &candidate, int count, double guess = 0) {
    const double expectation = guess > 0 ? guess : candidate.best;
    candidate.best = std::min(candidate.best, leastOf(count, *candidate.kernel, operands, expectation));
  }

  static int runs(const Candidate &candidate) { return candidate.best > takesLong ? 1 : runsOfRound; }

  /// Compiles what the step makes of the best schedule, and keeps the fastest of it, if it is faster.
  void take(const SearchStep &step) {
    std::vector<Candidate> candidates;
    for (const Schedule &change : step) {
      Schedule schedule = change;
      schedule.insert(bestSchedule().begin(), bestSchedule().end());
      if (whyIllegal(kernel, schedule, conditions.target).empty() && known.insert(schedule).second)
        candidates.push_back({schedule, nullptr});
    }
    compile(candidates);
    std::erase_if(candidates, [&](Candidate &candidate) { return !candidate.kernel || !isRight(candidate); });
    // Half of them go on to each next round.
    for (int round = 0; !candidates.empty() && (round == 0 || candidates.size() > 1 || round < 2); ++round) {
      for (Candidate &candidate : candidates)
        if (hasTime() || round == 0)
          time(candidate, runs(candidate));
      Candidate &toBeat = best.kernel ? best : base;
      time(toBeat, runs(toBeat));
      std::sort(candidates.begin(), candidates.end(), [](auto &a, auto &b) { return a.best < b.best; });
      if (candidates.size() > 1)
        candidates.resize((candidates.size() + 1) / 2);
    }
    if (!candidates.empty() && candidates.front().best < bestTime())
      best = std::move(candidates.front());
    if (conditions.progress)
      conditions.progress(result.measured, bestTime(), base.best);
  }

  void compile(std::vector<Candidate> &candidates) {
    std::atomic<size_t> next = 0;
    auto work = [&] {
      for (size_t turn; (turn = next++) < candidates.size();)
        try {
          if (hasTime()) {
            KernelSpec spec = kernel;
            spec.schedule = candidates[turn].schedule;
            candidates[turn].kernel = std::make_unique<LoadedKernel>(spec, conditions.target);
          }
        } catch (const std::runtime_error &) {
          // Halide refuses it: a schedule that is no schedule loses.
        }
    };
    std::vector<std::thread> threads;
    for (int job = 1; job < conditions.jobs; ++job)
      threads.emplace_back(work);
    work();
    for (std::thread &thread : threads)
      thread.join();
  }

  /// Runs it once. What then is slower by half is not worth another run.
  bool isRight(Candidate &candidate) {
    time(candidate, 1);
    ++result.measured;
    if (candidate.best > 1.5 * bestTime() + 20)
      return false;
    if (agree(expected, operands.results()))
      return true;
    result.wrong.push_back(textOf(candidate.schedule));
    return false;
  }

  void finish() {
    if (best.kernel) {
      const double guess = best.best;
      base.best = best.best = 1e30;
      for (int round = 0; round < comparedRuns; ++round) {
        time(base, 1, guess);
        time(best, 1, guess);
      }
    }
    const bool wins = best.kernel && best.best < clearlyFaster * base.best;
    result.schedule = wins ? best.schedule : base.schedule;
    for (const char *key : {"block", "order"}) // 0 is what their absence means.
      if (auto found = result.schedule.find(key); found != result.schedule.end() && found->second == 0)
        result.schedule.erase(found);
    result.untuned = base.best;
    result.microseconds = wins ? best.best : base.best;
  }
};

/// One side's kernels of a comparison.
class Side {
public:
  /// `memory` is that of both sides' kernels: equal but for their schedules, they run in the same.
  Side(const KernelCalls &calls, const TuneConditions &conditions, std::map<std::string, Operands> &memory) {
    for (auto [spec, count] : calls) {
      Operands &operands = memory.try_emplace(kernelKey(*spec), *spec, conditions.coldWeights).first->second;
      kernels.push_back({std::make_unique<LoadedKernel>(*spec, conditions.target), operands, count});
      leastOf(1, *kernels.back().loaded, operands, takesLong); // Warms it up.
      kernels.back().guess = leastOf(1, *kernels.back().loaded, operands, takesLong);
    }
  }

  void run() {
    for (Timed &kernel : kernels)
      kernel.best = std::min(kernel.best, leastOf(1, *kernel.loaded, kernel.operands, kernel.guess));
  }

  double microseconds() const {
    double sum = 0;
    for (const Timed &kernel : kernels)
      sum += kernel.best * kernel.calls;
    return sum;
  }

private:
  struct Timed {
    std::unique_ptr<LoadedKernel> loaded;
    Operands &operands;
    int calls;
    double guess = 0, best = 1e30;
  };
  std::vector<Timed> kernels;
};

} // namespace

std::pair<double, double> KernelTuner::compare(const KernelCalls &a, const KernelCalls &b) const {
  std::map<std::string, Operands> memory;
  Side first(a, conditions, memory), second(b, conditions, memory);
  for (int round = 0; round < comparedRuns; ++round) {
    first.run();
    second.run();
  }
  return {first.microseconds(), second.microseconds()};
}

double KernelTuner::time(const KernelSpec &kernel) const { return Search(kernel, conditions, {}).run().untuned; }

TuneResult KernelTuner::tune(const KernelSpec &kernel, TuneClock::time_point deadline) const {
  return Search(kernel, conditions, deadline).run();
}

} // namespace fovea
