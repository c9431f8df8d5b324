#include "frontend/driver/Options.h"

#include "ir/TargetInfo.h"
#include "ir/Versions.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <map>
#include <sstream>

namespace fovea {

namespace {

/// What CLI11 prints for a wrong value; it knows the option's name and we the value.
std::string wrong(const std::string &text, const char *expected) {
  return "expected " + std::string(expected) + ", not `" + text + "`";
}

/// "1,64" as 1 and 64. Empty on anything that is not a list of batch sizes.
std::vector<int64_t> readBatches(const std::string &text) {
  std::vector<int64_t> batches;
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    int64_t batch = 0;
    auto [next, problem] = std::from_chars(at, end, batch);
    if (problem != std::errc() || batch < 1 || batch > 65536)
      return {};
    if (std::find(batches.begin(), batches.end(), batch) == batches.end())
      batches.push_back(batch);
    if (next == end)
      return batches;
    if (*next != ',')
      return {};
    at = next + 1;
  }
}

/// "x86-64-v4,x86-64-v3" as its names.
std::vector<std::string> readTargets(const std::string &text) {
  std::vector<std::string> names;
  std::istringstream words(text + ",");
  for (std::string name; std::getline(words, name, ',');) {
    if (!isTargetName(name))
      throw CLI::ValidationError("--target", wrong(name, targetList));
    if (std::find(names.begin(), names.end(), name) != names.end())
      throw CLI::ValidationError("--target", "`" + name + "` is named twice");
    names.push_back(name);
  }
  return names;
}

const std::map<std::string, Stage> emitted = {
    {"ast", Stage::Ast},       {"ir", Stage::Ir},     {"opt", Stage::Opt}, {"schedule", Stage::Schedule},
    {"halide", Stage::Halide}, {"stmt", Stage::Stmt}, {"ptx", Stage::Ptx}, {"cl", Stage::Cl},
    {"llvm", Stage::Llvm},     {"asm", Stage::Asm},   {"obj", Stage::Obj}, {"lib", Stage::Lib},
    {"exe", Stage::Exe}};
const std::map<std::string, Stage> resumed = {
    {"net", Stage::Net}, {"ast", Stage::Ast}, {"ir", Stage::Ir}, {"opt", Stage::Opt}, {"schedule", Stage::Schedule}};

void addStage(CLI::App *command, const char *name, Stage &stage, const std::map<std::string, Stage> &stages,
              const char *list, const std::string &help) {
  command
      ->add_option_function<std::string>(
          name,
          [&stage, &stages, list, name](const std::string &text) {
            auto found = stages.find(text);
            if (found == stages.end())
              throw CLI::ValidationError(name, wrong(text, list));
            stage = found->second;
          },
          help)
      ->type_name("STAGE");
}

/// What `compile` and `explain` share.
void addCommon(CLI::App *command, CompileOptions &o) {
  command->add_option("MODEL", o.model, "The model file (.net), or a printed stage with --from")->required();
  command
      ->add_option_function<std::string>(
          "--batch",
          [&o](const std::string &text) {
            o.batches = readBatches(text);
            if (o.batches.empty())
              throw CLI::ValidationError("--batch",
                                         wrong(text, "batch sizes of 1 to 65536 with commas between, like 1,64"));
          },
          "Batch sizes to compile for, like 1,64\n(default: 1 and the recipe's batch, which is also trained with)")
      ->type_name("N,...");
  command
      ->add_option_function<std::string>(
          "--target",
          [&o](const std::string &text) {
            o.targets = readTargets(text);
            o.target = o.targets.front();
          },
          "host, x86-64-v3 (AVX2), x86-64-v4 (AVX-512), cuda or opencl (default: host); several\nwith commas between "
          "make one program that chooses where it runs")
      ->type_name("NAME,...");
  command
      ->add_option_function<std::string>(
          "--precision", [&o](const std::string &text) { o.bf16 = text == "bf16"; },
          "f32, or bf16: inferences round images and weights to 8 bits of significand where that is\nfaster; sums, and "
          "all of training, stay f32 (default: f32)")
      ->check(CLI::Validator(
          [](std::string &text) {
            return text == "f32" || text == "bf16" ? std::string() : wrong(text, "f32 or bf16");
          },
          ""))
      ->type_name("NAME");
  command->add_flag("--inference", o.inference, "Leave training out: no step and update functions");
  addStage(command, "--from", o.from, resumed, "net, ast, ir, opt or schedule",
           "What MODEL holds: net (default), ast, ir, opt or schedule,\nas --emit printed it");
  auto addSwitch = [&](const char *name, bool &optimization, const char *help) {
    command
        ->add_flag_callback(
            name, [&optimization] { optimization = false; }, help)
        ->group("Optimizations, to find out what one is worth");
  };
  addSwitch("--no-fold", o.fold, "Keep reshapes and unused results");
  addSwitch("--no-fold-batch-norm", o.foldBatchNorm,
            "Normalize and scale channels behind the layer, not in its weights");
  addSwitch("--no-winograd", o.winograd, "Compute every convolution by direct sums, whose rounding errors are smaller");
  addSwitch("--no-winograd-steps", o.winogradSteps,
            "Compute the forward pass of training steps by direct sums, whose gradients compare better: rounding\n"
            "decides fewer of the maxima and zeros that they pass");
  addSwitch("--no-hoist-constants", o.hoistConstants, "Compute what depends on parameters alone in every inference");
  addSwitch("--no-fuse-elementwise", o.fuseElementwise, "Give each element-wise operation a kernel");
  addSwitch("--no-fuse-pool", o.fusePool, "Give each pooling a kernel");
  addSwitch("--no-fuse-lrn", o.fuseLrn, "Give each local response normalization a kernel");
  addSwitch("--no-fuse-update", o.fuseUpdate, "Train by storing all gradients first and updating afterwards");
  addSwitch("--no-tile-pooling", o.tilePooling, "Share overlapping windows' rows by rule, not by cost");
  addSwitch("--no-plan", o.reuseMemory, "Never use memory of the arena twice");
  command
      ->add_option("--recompute", o.recompute,
                   "How much longer, in percent, a training step may take to compute again what it\n"
                   "would keep for the backward computation (default: 1; 0 keeps all)")
      ->check(CLI::Validator(
          [](std::string &text) {
            int percent = 0;
            auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), percent);
            return problem == std::errc() && !*end && percent >= 0 && percent <= 100
                       ? std::string()
                       : wrong(text, "a number from 0 to 100");
          },
          ""))
      ->type_name("N")
      ->group("Optimizations, to find out what one is worth");
}

void addTuning(CLI::App *command, CompileOptions &o) {
  command
      ->add_option("--tuning", o.tuning,
                   "Records of `fovea tune` to use (default: MODEL's .tuning.json beside it, and\ntuning.json in the "
                   "cache's folder)")
      ->type_name("FILE")
      ->group("Optimizations, to find out what one is worth");
  command
      ->add_flag_callback(
          "--no-tuning", [&o] { o.useTuning = false; }, "Schedule by the cost model alone")
      ->group("Optimizations, to find out what one is worth");
}

/// "90", "90s", "15m", "2h" in seconds; 0 for anything else.
double readDuration(const std::string &text) {
  double number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(end, text.data() + text.size());
  const double seconds = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  return problem == std::errc() && number > 0 && number * seconds < 1e9 ? number * seconds : 0;
}

CLI::App *addTune(CLI::App &app, CompileOptions &o, TuneOptions &t) {
  CLI::App *command =
      app.add_subcommand("tune", "Measure which schedules are the fastest here, for later compilations");
  addCommon(command, o);
  command
      ->add_option("-o,--output", t.output,
                   "The file of records (default: MODEL's .tuning.json beside it); what it holds\nalready is kept, and "
                   "not measured again")
      ->type_name("FILE");
  command->add_flag("--user", t.user, "Write to tuning.json in the cache's folder, which every compilation reads");
  command
      ->add_option_function<std::string>(
          "--budget",
          [&t](const std::string &text) {
            t.budget = readDuration(text);
            if (t.budget <= 0)
              throw CLI::ValidationError("--budget", wrong(text, "a time like 90s, 10m or 1h"));
          },
          "How long to search (default: 10m); tune again to go on")
      ->type_name("TIME");
  CLI::Option *fresh = command->add_flag("--fresh", t.fresh, "Measure again what there are records of");
  command
      ->add_flag("--check", t.check,
                 "Search nothing: time what the cost model chooses in turn with what the records say")
      ->excludes(fresh);
  return command;
}

CLI::App *addCompile(CLI::App &app, CompileOptions &o) {
  CLI::App *command = app.add_subcommand("compile", "Compile a model file into a native program");
  addCommon(command, o);
  command
      ->add_option("-o,--output", o.output,
                   "Where the result goes (default: the model's name for programs and libraries,\n"
                   "standard output for text)")
      ->type_name("FILE");
  addStage(command, "--emit", o.emit, emitted,
           "ast, ir, opt, schedule, halide, stmt, ptx, cl, llvm, asm, obj, lib or exe",
           "Stop at a stage: ast, ir (the cnn dialect), opt (fused kernels), schedule (with memory\n"
           "planned), halide and stmt (algorithms and loops), ptx and cl (what CUDA's and OpenCL's\n"
           "drivers get), llvm (the host side), asm, obj (a file per kernel in the folder -o), lib (FILE.a and "
           "FILE.h), exe (default)");
  command->add_option("--save-temps", o.saveTemps, "Keep every stage's text and all objects in this folder")
      ->type_name("DIR");
  command->add_flag_callback(
      "--no-cache", [&o] { o.cache = false; },
      "Compile every kernel anew and keep none (the cache is $FOVEA_CACHE_DIR,\n"
      "$XDG_CACHE_HOME/fovea or ~/.cache/fovea)");
  command->add_option("--jobs", o.jobs, "Kernels compiled at once (default: the number of cores)")
      ->check(CLI::Validator(
          [](std::string &text) {
            int jobs = 0;
            auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), jobs);
            return problem == std::errc() && !*end && jobs >= 1 && jobs <= 1024
                       ? std::string()
                       : wrong(text, "a number from 1 to 1024");
          },
          ""))
      ->type_name("N");
  addTuning(command, o);
  command->add_flag("--time", o.time, "Print how long each stage took on standard error");
  return command;
}

CLI::App *addExplain(CLI::App &app, CompileOptions &o) {
  CLI::App *command = app.add_subcommand(
      "explain", "Tell what the compiler makes of a model: fused kernels, FLOPs, bytes, schedules, memory");
  addCommon(command, o);
  addTuning(command, o);
  return command;
}

/// "3,227,227".
std::vector<int64_t> readShape(const std::string &text) {
  std::vector<int64_t> shape;
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    int64_t extent = 0;
    auto [next, problem] = std::from_chars(at, end, extent);
    if (problem != std::errc() || extent < 1 || (next != end && *next != ','))
      return {};
    shape.push_back(extent);
    if (next == end)
      return shape;
    at = next + 1;
  }
}

CLI::App *addImport(CLI::App &app, ImportOptions &o) {
  CLI::App *command =
      app.add_subcommand("import", "Make a model file, and a file of parameters beside it, of another tool's network");
  command->add_option("FILE", o.files, "An .onnx file, or Caffe's .prototxt and .caffemodel")
      ->required()
      ->type_name("FILE");
  command->add_option("-o,--output", o.output, "The model file (default: the first file's name with .net)")
      ->type_name("FILE.net");
  command->add_option("--solver", o.solver, "Caffe's solver (.prototxt), for the train block")->type_name("FILE");
  command
      ->add_option_function<std::string>(
          "--input",
          [&o](const std::string &text) {
            o.inputShape = readShape(text);
            if (o.inputShape.size() != 1 && o.inputShape.size() != 3)
              throw CLI::ValidationError("--input", wrong(text, "channels, height and width like 3,227,227"));
          },
          "The input's channels, height and width, for files that do not say them")
      ->type_name("C,H,W");
  return command;
}

CLI::App *addExport(CLI::App &app, ExportOptions &o) {
  CLI::App *command = app.add_subcommand("export", "Make an ONNX model of a model file and its parameters");
  command->add_option("MODEL", o.model, "The model file")->required()->type_name("FILE.net");
  command->add_option("--weights", o.weights, "Parameters (safetensors)")->required()->type_name("FILE");
  command->add_option("-o,--output", o.output, "The ONNX model (default: the model file's name with .onnx)")
      ->type_name("FILE.onnx");
  return command;
}

/// Refuses what is for CPUs alone where a device is named.
void checkDevices(const CompileOptions &options, bool tunes) {
  for (const std::string &name : options.targets) {
    if (!isDeviceName(name))
      continue;
    if (tunes)
      throw CLI::ValidationError("--target", "expected a CPU, not `" + name + "`: devices' tiles follow from the shapes");
    if (options.bf16)
      throw CLI::ValidationError("--precision", "bf16 is for CPUs: not with --target " + name);
  }
}

} // namespace

bool parseOptions(int argc, char **argv, Options &options, int &exitCode) {
  CLI::App app("Fovea compiles convolutional networks into native programs that train and run them.", "fovea");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("fovea ") + versions::fovea + " (LLVM " + versions::llvm + ", Halide " +
                                        versions::halide + ")");
  app.get_formatter()->column_width(28);
  addCompile(app, options.compile);
  CLI::App *explain = addExplain(app, options.compile);
  CLI::App *tuning = addTune(app, options.compile, options.tune);
  CLI::App *importing = addImport(app, options.importing);
  CLI::App *exporting = addExport(app, options.exporting);
  try {
    app.parse(argc, argv);
    if (options.compile.targets.size() > 1 && (explain->parsed() || tuning->parsed()))
      throw CLI::ValidationError("--target", "expected one name: only `fovea compile` takes several");
    checkDevices(options.compile, tuning->parsed());
  } catch (const CLI::ParseError &problem) {
    if (problem.get_exit_code() == 0) {
      exitCode = app.exit(problem);
      return false;
    }
    std::string given;
    for (const CLI::App *command : app.get_subcommands())
      given = " " + command->get_name();
    std::fprintf(stderr, "fovea: error: %s; see `fovea%s --help`\n", problem.what(), given.c_str());
    exitCode = 2;
    return false;
  }
  options.command = explain->parsed()     ? Command::Explain
                    : tuning->parsed()    ? Command::Tune
                    : importing->parsed() ? Command::Import
                    : exporting->parsed() ? Command::Export
                                          : Command::Compile;
  return true;
}

} // namespace fovea
