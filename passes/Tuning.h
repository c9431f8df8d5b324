// What `fovea tune` measured, in files that people read and compare.
//
// A file is JSON with one record a line. Its sections are machines: what a section says holds for its CPU, target,
// vector lanes and cores, and for the versions of Fovea's schedules and of Halide that it was measured with.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

#include <optional>
#include <string>
#include <vector>

namespace fovea {

/// Raised by hand whenever a key of a schedule changes its meaning, or a schedule changes so much that what was measured
/// no longer holds.
constexpr int schedulesVersion = 1;

/// Sixteen hexadecimal digits that stand for a kernel without its schedule.
std::string kernelKey(const KernelSpec &kernel);

/// The fastest schedule that was found for a kernel.
struct KernelRecord {
  std::string kernel; ///< kernelKey
  std::string label;  ///< Which kernel that is, for people: "infer_b64 conv1: conv2d+relu".
  Schedule schedule;
  double microseconds = 0, untuned = 0; ///< With this schedule and the cost model's, in turn in one sitting.
  int line = 0;                         ///< In the file; not part of it.
};

/// The fastest way to compute a convolution or one of its gradients.
struct ConvolutionRecord {
  std::string convolution; ///< As cnn-use-winograd writes it: "conv2d 64x96x27x27 by 256x48x5x5 ..., infer".
  int64_t tile = 0;        ///< Of Winograd's filtering; 0: direct sums.
  double microseconds = 0, untuned = 0; ///< Of all kernels that the choice changes.
  int line = 0;
};

struct MachineRecords {
  std::string target, cpu;
  int lanes = 0, cores = 0;
  double peakGflops = 0; ///< That multiply-adds reached on all cores.
  int schedules = schedulesVersion;
  std::string fovea, halide; ///< Versions.
  std::vector<ConvolutionRecord> convolutions;
  std::vector<KernelRecord> kernels;
  int line = 0;

  /// A section without records for this machine, target and compiler.
  static MachineRecords of(const TargetInfo &target);
  /// Whether it is about the same machine and target, whatever the versions.
  bool sameMachine(const MachineRecords &other) const;
  /// Why its records cannot be used by this compiler; empty when they can.
  std::string whyRefused() const;
};

struct TuningFile {
  std::string path;
  std::vector<MachineRecords> machines;

  /// Throws std::invalid_argument that names the file, the line and what is wrong.
  static TuningFile parse(const std::string &path, const std::string &text);
  /// Throws std::runtime_error for a file that cannot be read, and as `parse`.
  static TuningFile read(const std::string &path);
  /// Records are sorted: two files compare line by line.
  std::string toText() const;
};

/// The records that a compilation uses: of several files, the first that has one.
class Tuning {
public:
  /// `paths` with semicolons between. Throws as TuningFile::read.
  Tuning(const std::string &paths, const TargetInfo &target);

  const KernelRecord *find(const KernelSpec &kernel) const;
  std::optional<int64_t> tileFor(const std::string &convolution) const;
  /// "alexnet.tuning.json:12", for messages about a record that `find` returned.
  std::string where(const KernelRecord &record) const;
  /// Sections for this machine that other versions wrote, a line each.
  const std::vector<std::string> &refused() const { return refusals; }

private:
  std::vector<TuningFile> files;
  std::vector<std::pair<const TuningFile *, const MachineRecords *>> used;
  std::vector<std::string> refusals;
};

} // namespace fovea
