// The command line of `fovea`, read.
#pragma once

#include "frontend/export/OnnxExport.h"
#include "frontend/import/Import.h"

#include <cstdint>
#include <string>
#include <vector>

namespace fovea {

/// The stages of a compilation, in order.
enum class Stage { Net, Ast, Ir, Opt, Schedule, Halide, Stmt, Ptx, Cl, Llvm, Asm, Obj, Lib, Exe };

struct CompileOptions {
  std::string model;
  std::string output;           ///< Empty: standard output for text, the model's stem for files.
  std::vector<int64_t> batches; ///< Empty: 1 and the recipe's for inference, the recipe's for training.
  std::string target = "host";                ///< Of several, the one that is being compiled for.
  std::vector<std::string> targets = {"host"}; ///< More than one: a program that chooses.
  bool bf16 = false;      ///< Inferences multiply numbers of bf16.
  bool inference = false; ///< No training functions.
  Stage emit = Stage::Exe;
  Stage from = Stage::Net;
  std::string saveTemps; ///< Folder; empty: none.
  bool cache = true;
  int jobs = 0; ///< 0: cores.
  bool time = false;
  // The optimizations; see passes/Pipeline.h.
  bool fold = true, foldBatchNorm = true, winograd = true, winogradSteps = true, hoistConstants = true,
       fuseElementwise = true, fusePool = true, fuseLrn = true, fuseUpdate = true, tilePooling = true,
       reuseMemory = true;
  int recompute = 1;        ///< Percent of a step.
  std::string tuning;       ///< A file of tuning records; empty: the model's and the user's.
  bool useTuning = true;
  bool nameChoices = false; ///< For `tune`; see passes/Pipeline.h.
};

/// `fovea tune`: the compilation whose kernels are tuned, and how.
struct TuneOptions {
  std::string output;    ///< Empty: the model's file of records, or the user's.
  bool user = false;     ///< Write the user's records.
  double budget = 600;   ///< Seconds.
  bool fresh = false;    ///< Measure again what there are records of.
  bool check = false;    ///< Only measure the cost model's choices beside the records.
};

enum class Command { Compile, Explain, Tune, Import, Export };

struct Options {
  Command command = Command::Compile;
  CompileOptions compile;
  TuneOptions tune;
  ImportOptions importing;
  ExportOptions exporting;
};

/// Reads the command line. Returns false when there is nothing left to do, with the exit code: help or the version was
/// printed, or the usage was wrong and was told on standard error (2).
bool parseOptions(int argc, char **argv, Options &options, int &exitCode);

} // namespace fovea
