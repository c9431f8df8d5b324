// Finds the fastest schedule of one kernel by measuring.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fovea {

using TuneClock = std::chrono::steady_clock;

struct TuneResult {
  Schedule schedule;                    ///< The fastest, or the kernel's own where none is clearly faster.
  double microseconds = 0, untuned = 0; ///< Of that and of the kernel's own, measured in turn.
  int measured = 0;                     ///< Schedules.
  std::vector<std::string> wrong;       ///< Schedules whose results differ beyond rounding: bugs of a schedule.
};

/// How kernels are run while they are measured.
struct TuneConditions {
  TargetInfo target;
  int jobs = 1;              ///< Schedules compiled at once.
  bool coldWeights = false;  ///< Weights come from memory, as in networks that no cache holds.
  std::function<void(int measured, double microseconds, double untuned)> progress = nullptr;
  std::function<bool()> interrupted = [] { return false; }; ///< Ends the search with what it has.
};

/// How often `compare` runs each side.
constexpr int comparedRuns = 9;

/// Kernels, and how often each is called.
using KernelCalls = std::vector<std::pair<const KernelSpec *, int>>;

class KernelTuner {
public:
  explicit KernelTuner(TuneConditions conditions) : conditions(std::move(conditions)) {}

  /// Microseconds with the kernel's own schedule. Throws as `tune`.
  double time(const KernelSpec &kernel) const;

  /// Searches from the kernel's schedule, which is the one to beat, until `deadline`. Runs kernels on the process's thread
  /// pool. Throws std::runtime_error where the kernel itself cannot be compiled.
  TuneResult tune(const KernelSpec &kernel, TuneClock::time_point deadline) const;

  /// Microseconds of all calls of `a` and of `b`, whose kernels run in turn in one sitting. Throws as `tune`.
  std::pair<double, double> compare(const KernelCalls &a, const KernelCalls &b) const;

private:
  TuneConditions conditions;
};

} // namespace fovea
