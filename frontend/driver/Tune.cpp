// Tuning, as a story: what would be compiled; which way each convolution goes; then each kernel, those first that take
// the longest.
#include "frontend/driver/Tune.h"

#include "codegen/tune/KernelTuner.h"
#include "frontend/driver/Modules.h"
#include "frontend/driver/Outputs.h"
#include "frontend/driver/Progress.h"
#include "frontend/driver/TuneVariant.h"
#include "passes/ScheduleSpace.h"
#include "passes/Tuning.h"
#include "runtime/AtomicFile.h"
#include "runtime/ThreadPool.h"
#include "runtime/commands/Peak.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <map>
#include <set>
#include <stdexcept>

namespace fovea {

using namespace mlir;

namespace {

volatile std::sig_atomic_t interrupted = 0;

/// Other ways to compute a convolution are worth tuning when they take no longer than this beforehand.
constexpr double worthTuning = 1.25;

/// And win by this much.
constexpr double clearlyFaster = 0.97;

/// What confirming a record takes beside its runs: compiling and warming up.
constexpr double secondsToConfirm = 0.5;

/// Without records, a kernel should take no longer than this beside the tuned one.
constexpr double closeEnough = 1.25;

/// The part of the budget in which convolutions find their way.
constexpr double partForWays = 0.4;

/// The tile of Winograd's filtering; 0 where the kernels are direct sums.
int64_t tileIn(const KernelCalls &kernels) {
  for (auto [kernel, count] : kernels)
    for (const OpSpec &op : kernel->ops)
      if (op.op.starts_with("winograd"))
        return std::get<int64_t>(op.attributes.at("tile"));
  return 0;
}

class Tuner {
public:
  Tuner(const CompileOptions &compile, const TuneOptions &options) : compile(compile), options(options) {
    this->compile.useTuning = true;
    this->compile.nameChoices = true;
  }

  int run() {
    findTarget();
    openRecords();
    std::optional<TuneVariant> variant = variantWith(records().convolutions, compile, target);
    if (!variant)
      return 1;
    coldWeights = variant->coldWeights;
    begin = TuneClock::now();
    if (!chooseWays(*variant) || !(variant = variantWith(records().convolutions, compile, target)))
      return 1;
    tuneKernels(*variant);
    if (!confirmWays(*variant))
      return 1;
    confirmKernels(*variant);
    dropUnused(*variant);
    write();
    printTable(*variant);
    return 0;
  }

  /// What `--check` does: the cost model's choices, timed in turn with what the records say.
  int check() {
    findTarget();
    openRecords();
    if (records().kernels.empty())
      throw std::runtime_error(path + ": has no records for this machine and target; run fovea tune first");
    std::optional<TuneVariant> variant = variantWith(records().convolutions, compile, target);
    if (!variant)
      return 1;
    coldWeights = variant->coldWeights;
    std::printf("%14s %12s %7s  of\n", "cost model us", "records us", "ratio");
    for (const ConvolutionRecord &record : records().convolutions)
      if (!checkWay(record, *variant))
        return 1;
    std::set<std::string> seen;
    for (const PlannedFunction &function : variant->plan.functions)
      for (const PlannedCall &call : function.calls)
        if (const PlannedKernel &kernel = variant->plan.kernels[call.kernel];
            function.kind != "prepare" && seen.insert(kernelKey(kernel.spec)).second)
          checkKernel(kernel);
    std::printf(
        "%d choices differ, %d of them by more than %.2f; %d kernels are scheduled as the records say, %d have none\n",
        counts.differ, counts.far, closeEnough, counts.same, counts.missing);
    return 0;
  }

private:
  CompileOptions compile;
  const TuneOptions options;
  TargetInfo target;
  std::string path;
  TuningFile file;
  size_t machine = 0; ///< Index of the section for this machine.
  bool coldWeights = false;
  TuneClock::time_point begin;
  std::map<std::string, double> quick; ///< Microseconds with the cost model's schedule, by kernelKey.
  std::set<std::string> added;         ///< Kernels, and convolutions, that this run measured.
  double reserved = 0;                 ///< Seconds of the budget, for the confirmation of what was found.
  Progress progress;
  struct {
    int differ = 0, far = 0, same = 0, missing = 0;
  } counts; ///< Of `check`.

  MachineRecords &records() { return file.machines[machine]; }
  TuneClock::time_point deadline() const {
    return begin + std::chrono::duration_cast<TuneClock::duration>(std::chrono::duration<double>(options.budget - reserved));
  }
  double left() const { return std::chrono::duration<double>(deadline() - TuneClock::now()).count(); }
  bool hasTime() const { return !interrupted && left() > 0; }

  void findTarget() {
    const TargetInfo host = hostTarget();
    target = targetNamed(compile.target);
    if (target.name == "x86-64-v4" && host.name != "x86-64-v4")
      throw std::runtime_error("cannot tune for x86-64-v4: this CPU does not run it (it has no AVX-512)");
    setThreadCount(target.cores);
  }

  void openRecords() {
    path = !options.output.empty() ? options.output : options.user ? userTuningFile() : tuningFileOf(compile.model);
    if (path.empty())
      throw std::runtime_error("there is no folder for --user: set FOVEA_CACHE_DIR or HOME");
    if (options.user)
      makeFolder(llvm::sys::path::parent_path(path).str());
    checkReplaceable(path, compile.model);
    if (llvm::sys::fs::exists(path))
      file = TuningFile::read(path);
    file.path = path;
    MachineRecords here = MachineRecords::of(target);
    here.peakGflops = measurePeakGflops();
    auto found = std::find_if(file.machines.begin(), file.machines.end(),
                              [&](const MachineRecords &each) { return each.sameMachine(here); });
    machine = size_t(found - file.machines.begin());
    if (found == file.machines.end())
      file.machines.push_back(here);
    else if (options.fresh || !found->whyRefused().empty())
      *found = here;
  }

  void write() const { writeFileAtomically(path, file.toText()); }

  KernelTuner tuner(const std::string &label) const {
    return KernelTuner({.target = target,
                        .jobs = target.cores,
                        .coldWeights = coldWeights,
                        .progress =
                            [this, label](int measured, double best, double untuned) {
                              char text[96];
                              std::snprintf(text, sizeof text, "%s left; %d schedules, %.1f us, at first %.1f us: ",
                                            minutes(left()).c_str(), measured, best, untuned);
                              progress.show(text + label);
                            },
                        .interrupted = [] { return interrupted != 0; }});
  }

  const KernelRecord *recordOf(const std::string &key) {
    for (const KernelRecord &record : records().kernels)
      if (record.kernel == key)
        return &record;
    return nullptr;
  }

  ConvolutionRecord *wayRecordOf(const std::string &convolution) {
    for (ConvolutionRecord &record : records().convolutions)
      if (record.convolution == convolution)
        return &record;
    return nullptr;
  }

  double quickTime(const PlannedKernel &kernel) {
    const std::string key = kernelKey(kernel.spec);
    if (const KernelRecord *record = recordOf(key))
      return record->untuned;
    auto [found, isNew] = quick.try_emplace(key, 0);
    if (isNew)
      found->second = tuner(kernel.label).time(kernel.spec);
    return found->second;
  }

  /// Its time when tuned. Tunes it now unless there is a record, or no time, and then it is that of the cost model's
  /// schedule.
  double tunedTime(const PlannedKernel &kernel, double seconds) {
    const std::string key = kernelKey(kernel.spec);
    if (const KernelRecord *record = recordOf(key))
      return record->microseconds;
    if (!hasTime())
      return quickTime(kernel);
    const auto until = TuneClock::now() + std::chrono::duration_cast<TuneClock::duration>(
                                              std::chrono::duration<double>(std::min(seconds, left())));
    const TuneResult result = tuner(kernel.label).tune(kernel.spec, until);
    for (const std::string &schedule : result.wrong)
      progress.done("warning: " + kernel.label + ": results differ with schedule " + schedule);
    if (!hasTime())
      return result.microseconds; // A search cut short is no record.
    records().kernels.push_back({key, kernel.label, result.schedule, result.microseconds, result.untuned});
    added.insert(key);
    if (result.schedule != kernel.spec.schedule)
      reserved += secondsToConfirm + 1e-6 * comparedRuns * (result.microseconds + result.untuned);
    write();
    char text[128];
    std::snprintf(text, sizeof text, "%10.1f us, %10.1f us untuned (%.2f), %3d schedules: ", result.microseconds,
                  result.untuned, result.microseconds / std::max(result.untuned, 1e-9), result.measured);
    progress.done(text + kernel.label);
    return result.microseconds;
  }

  /// The time that `plan` spends in kernels of which `other` has fewer.
  template <typename Time> static double timeBeyond(const ProgramPlan &plan, const ProgramPlan &other, Time time) {
    double sum = 0;
    for (auto [kernel, count] : callsBeyond(plan, other))
      sum += count * time(*kernel);
    return sum;
  }

  /// Direct sums, or Winograd's filtering with which tile: judged by the kernels that the choice changes.
  bool chooseWays(TuneVariant &current) {
    for (const auto &[name, modelTile] : std::vector(current.choices)) {
      if (!hasTime() || left() < (1 - partForWays) * options.budget)
        return true;
      if (wayRecordOf(name))
        continue;
      progress.show("ways to compute " + name);
      ConvolutionRecord chosen{name, modelTile};
      std::optional<TuneVariant> best;
      for (int64_t tile : {0, 2, 4, 6}) {
        std::vector<ConvolutionRecord> ways = records().convolutions;
        ways.push_back({name, tile});
        std::optional<TuneVariant> other = variantWith(ways, compile, target);
        if (!other)
          return false;
        const TuneVariant &now = best ? *best : current;
        auto quickly = [&](const PlannedKernel &kernel) { return quickTime(kernel); };
        auto tuned = [&](const PlannedKernel &kernel) { return tunedTime(kernel, options.budget / 20); };
        const double other0 = timeBeyond(other->plan, now.plan, quickly), now0 = timeBeyond(now.plan, other->plan, quickly);
        if (other0 == 0) // It goes this way already, or the tile does not fit.
          continue;
        if (!best)
          chosen.untuned = chosen.microseconds = now0;
        if (other0 > worthTuning * now0)
          continue;
        const double otherTime = timeBeyond(other->plan, now.plan, tuned), nowTime = timeBeyond(now.plan, other->plan, tuned);
        if (!hasTime())
          return true;
        if (!best)
          chosen.untuned = chosen.microseconds = nowTime;
        if (otherTime < clearlyFaster * nowTime) {
          chosen.tile = tile;
          chosen.microseconds = otherTime;
          best = std::move(other);
        }
      }
      if (chosen.untuned > 0) {
        records().convolutions.push_back(chosen);
        write();
      }
      if (best) { // The cost model would go another way.
        added.insert(name);
        reserved += secondsToConfirm + 1e-6 * comparedRuns * (chosen.microseconds + chosen.untuned);
        progress.done(name + (chosen.tile ? ": Winograd's filtering, tile " + std::to_string(chosen.tile) : ": direct sums"));
        current.plan = std::move(best->plan);
      }
    }
    return true;
  }

  void tuneKernels(const TuneVariant &variant) {
    std::vector<std::pair<double, const PlannedKernel *>> ordered;
    double whole = 0;
    for (const auto &[key, call] : callsOf(variant.plan)) {
      if (!hasTime())
        break;
      if (recordOf(key))
        continue;
      progress.show("timing " + call.first->label);
      ordered.push_back({call.second * quickTime(*call.first), call.first});
      whole += ordered.back().first;
    }
    std::sort(ordered.begin(), ordered.end(), [](auto &a, auto &b) { return a.first > b.first; });
    for (auto [share, kernel] : ordered) {
      if (!hasTime())
        return;
      // What takes a small share of the time gets a small share of the search, but enough for a few schedules.
      tunedTime(*kernel, std::max(8.0, 3 * left() * share / std::max(whole, 1e-9)));
      whole -= share;
    }
  }

  /// Compares again, minutes later, what this run found for convolutions: another process may have taken a core while
  /// one way was measured. Where it is no longer faster, the cost model's way becomes the record.
  bool confirmWays(TuneVariant &variant) {
    const std::vector<ConvolutionRecord> found = records().convolutions;
    for (const ConvolutionRecord &record : found) {
      if (!added.contains(record.convolution) || interrupted)
        continue;
      progress.show("confirming " + record.convolution);
      std::optional<Ways> ways = waysOf(record, variant);
      if (!ways)
        return false;
      const auto [modelTime, foundTime] = tuner(record.convolution).compare(ways->modelCalls, ways->recordedCalls);
      if (foundTime < clearlyFaster * modelTime)
        continue;
      progress.done(record.convolution + ": not confirmed");
      for (const auto &[name, tile] : ways->model.choices)
        if (ConvolutionRecord *kept = name == record.convolution ? wayRecordOf(name) : nullptr) {
          kept->tile = tile;
          kept->microseconds = kept->untuned;
        }
      variant = std::move(ways->model);
    }
    return true;
  }

  /// The same for schedules.
  void confirmKernels(const TuneVariant &variant) {
    for (const auto &[key, call] : callsOf(variant.plan)) {
      const PlannedKernel &kernel = *call.first;
      auto record = llvm::find_if(records().kernels, [&](const KernelRecord &each) { return each.kernel == key; });
      if (interrupted || !added.contains(key) || record == records().kernels.end() ||
          record->schedule == kernel.spec.schedule)
        continue;
      progress.show("confirming " + kernel.label);
      KernelSpec tuned = kernel.spec;
      tuned.schedule = record->schedule;
      std::tie(record->untuned, record->microseconds) =
          tuner(kernel.label).compare({{&kernel.spec, 1}}, {{&tuned, 1}});
      if (record->microseconds < clearlyFaster * record->untuned)
        continue;
      progress.done(kernel.label + ": not confirmed");
      record->schedule = kernel.spec.schedule;
      record->microseconds = record->untuned;
    }
  }

  /// Forgets what this run measured only to find out that another way is better.
  void dropUnused(const TuneVariant &variant) {
    const auto used = callsOf(variant.plan);
    std::erase_if(records().kernels, [&](const KernelRecord &record) {
      return added.contains(record.kernel) && !used.contains(record.kernel);
    });
  }

  static std::string textOf(const Schedule &schedule) {
    std::string text;
    for (const auto &[key, value] : schedule)
      text += (text.empty() ? "" : " ") + key + "=" + std::to_string(value);
    return text;
  }

  void checkCalls(const KernelCalls &model, const KernelCalls &recorded, const std::string &label,
                  const std::string &modelChoice, const std::string &recordedChoice) {
    progress.show("timing " + label);
    const auto [modelTime, recordedTime] = tuner(label).compare(model, recorded);
    progress.clear();
    const double ratio = modelTime / recordedTime;
    std::printf("%14.2f %12.2f %7.2f  %s\n", modelTime, recordedTime, ratio, label.c_str());
    std::printf("%37scost model: %s\n%37srecords:    %s\n", "", modelChoice.c_str(), "", recordedChoice.c_str());
    std::fflush(stdout);
    ++counts.differ;
    counts.far += ratio > closeEnough;
  }

  void checkKernel(const PlannedKernel &kernel) {
    const KernelRecord *record = recordOf(kernelKey(kernel.spec));
    if (!record)
      return void(++counts.missing);
    KernelSpec recorded = kernel.spec;
    recorded.schedule = record->schedule;
    if (const std::string why = whyIllegal(recorded, recorded.schedule, target); !why.empty())
      return progress.done("warning: the record of \"" + record->label + "\" is refused: " + why);
    if (recorded.schedule == kernel.spec.schedule)
      return void(++counts.same);
    checkCalls({{&kernel.spec, 1}}, {{&recorded, 1}}, kernel.label, textOf(kernel.spec.schedule),
               textOf(recorded.schedule));
  }

  bool checkWay(const ConvolutionRecord &record, const TuneVariant &recorded) {
    const std::optional<Ways> ways = waysOf(record, recorded);
    if (!ways)
      return false;
    if (!ways->modelCalls.empty() && !ways->recordedCalls.empty())
      checkCalls(ways->modelCalls, ways->recordedCalls, record.convolution,
                 "tile=" + std::to_string(tileIn(ways->modelCalls)),
                 "tile=" + std::to_string(tileIn(ways->recordedCalls)));
    return true;
  }

  /// A convolution as the cost model would compute it, and as its record says.
  struct Ways {
    std::vector<ConvolutionRecord> others; ///< All records but this one,
    TuneVariant model;                     ///< and what is compiled with them.
    KernelCalls modelCalls, recordedCalls; ///< The kernels that the record changes, with the schedules of their records.
    std::deque<KernelSpec> specs;          ///< Of these.
  };

  std::optional<Ways> waysOf(const ConvolutionRecord &record, const TuneVariant &recorded) {
    Ways ways{.others = records().convolutions};
    std::erase_if(ways.others, [&](auto &other) { return other.convolution == record.convolution; });
    std::optional<TuneVariant> model = variantWith(ways.others, compile, target);
    if (!model)
      return std::nullopt;
    ways.model = std::move(*model);
    ways.modelCalls = tunedCalls(ways.model.plan, recorded.plan, ways.specs);
    ways.recordedCalls = tunedCalls(recorded.plan, ways.model.plan, ways.specs);
    return ways;
  }

  /// What `plan` has beyond `other`, with the schedules that there are records of; `specs` keeps them.
  KernelCalls tunedCalls(const ProgramPlan &plan, const ProgramPlan &other, std::deque<KernelSpec> &specs) {
    KernelCalls result;
    for (auto [kernel, count] : callsBeyond(plan, other)) {
      const KernelRecord *record = recordOf(kernelKey(kernel->spec));
      KernelSpec &spec = specs.emplace_back(kernel->spec);
      if (record && whyIllegal(spec, record->schedule, target).empty())
        spec.schedule = record->schedule;
      result.push_back({&spec, count});
    }
    return result;
  }

  void printTable(const TuneVariant &variant) {
    std::printf("%-14s %12s %12s %7s  %s\n", "", "untuned us", "tuned us", "ratio", "kernel");
    int missing = 0;
    for (const PlannedFunction &function : variant.plan.functions) {
      if (function.kind == "prepare")
        continue;
      double untuned = 0, tuned = 0;
      for (const PlannedCall &call : function.calls) {
        const KernelRecord *record = recordOf(kernelKey(variant.plan.kernels[call.kernel].spec));
        if (!record) {
          ++missing;
          continue;
        }
        untuned += record->untuned, tuned += record->microseconds;
        if (record->microseconds < record->untuned)
          std::printf("%-14s %12.1f %12.1f %7.2f  %s\n", function.name.c_str(), record->untuned, record->microseconds,
                      record->microseconds / record->untuned, call.name.c_str());
      }
      if (untuned > 0)
        std::printf("%-14s %12.1f %12.1f %7.2f  all kernels measured\n", function.name.c_str(), untuned, tuned, tuned / untuned);
    }
    if (missing)
      std::printf("%d calls of kernels are not tuned yet; tune again to go on\n", missing);
    std::printf("records: %s\n", path.c_str());
  }
};

} // namespace

int tuneModel(const CompileOptions &compile, const TuneOptions &options) {
  std::signal(SIGINT, [](int) { interrupted = 1; });
  return options.check ? Tuner(compile, options).check() : Tuner(compile, options).run();
}

} // namespace fovea
