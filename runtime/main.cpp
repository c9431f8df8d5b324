// main() of a compiled program: the command line. Each command lives in commands/.

#include "runtime/Error.h"
#include "runtime/MpiCommunicator.h"
#include "runtime/Targets.h"
#include "runtime/ThreadPool.h"
#include "runtime/commands/Commands.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <new>

extern "C" const fovea_program fovea_main_program;

namespace {

using namespace fovea;

/// The command that was given, to be run after the command line was found sound.
using Run = std::function<int(const Program &)>;

/// Whole numbers from 1 to `largest`, and room enough to count them in products.
CLI::Validator countTo(int64_t largest) { return CLI::Range(int64_t(1), largest).description(""); }
const CLI::Validator positive = countTo(int64_t(1) << 40);
const auto positiveReal = CLI::Validator(
    [](std::string &text) {
      char *end = nullptr;
      double value = std::strtod(text.c_str(), &end);
      return *end == 0 && end != text.c_str() && value > 0 && std::isfinite(value)
                 ? std::string()
                 : "expected a number greater than 0, not " + text;
    },
    "");

const auto partOfOne = CLI::Validator(
    [](std::string &text) {
      char *end = nullptr;
      double value = std::strtod(text.c_str(), &end);
      return *end == 0 && end != text.c_str() && value > 0 && value <= 1
                 ? std::string()
                 : "expected a number greater than 0 and at most 1, like 0.99, not " + text;
    },
    "");

/// CLI11 would take -1 for 2^64 - 1.
const auto wholeNumber = CLI::Validator(
    [](std::string &text) {
      uint64_t value;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      return error == std::errc() && end == text.data() + text.size()
                 ? std::string()
                 : "expected a whole number from 0 to 18446744073709551615, not " + text;
    },
    "");

CLI::App *addInfo(CLI::App &app, InfoOptions &o) {
  CLI::App *command = app.add_subcommand("info", "Layers, shapes, parameters, connections, FLOPs and memory");
  command->add_flag("--json", o.json, "Print one JSON object");
  return command;
}

CLI::App *addTrain(CLI::App &app, TrainOptions &o) {
  CLI::App *command = app.add_subcommand("train", "Train on a data set by the model file's recipe");
  command->footer("`mpirun -n N PROGRAM train ...` (Open MPI) divides each batch among N processes.\n");
  command
      ->add_option("--data", o.data,
                   "Folder of the data set (MNIST's or CIFAR-10's files, or train/CLASS/ and val/CLASS/)")
      ->type_name("DIR")
      ->required();
  command->add_option("--out", o.out, "Where the parameters go (safetensors)")->type_name("FILE")->required();
  auto *epochs =
      command->add_option("--epochs", o.epochs, "Passes over the training set")->type_name("N")->check(positive);
  command->add_option("--iterations", o.iterations, "Updates, instead of epochs")
      ->type_name("N")
      ->check(positive)
      ->excludes(epochs);
  command->add_option("--batch", o.batch, "Images per update (default: the recipe's)")
      ->type_name("N")
      ->check(countTo(int64_t(1) << 20));
  command->add_option("--lr", o.lr, "Base learning rate (default: the recipe's)")
      ->type_name("RATE")
      ->check(positiveReal);
  command->add_option("--seed", o.seed, "Seed of initialisation and shuffling (default: 1)")
      ->type_name("N")
      ->check(wholeNumber);
  command
      ->add_option("--parts", o.parts,
                   "Compute each batch in N parts and add up their gradients: the same bits as mpirun -n N")
      ->type_name("N")
      ->check(countTo(4096));
  auto *weights =
      command->add_option("--weights", o.weights, "Parameters to start from (safetensors)")->type_name("FILE");
  command
      ->add_option("--checkpoint", o.checkpoint,
                   "Where checkpoints go, each replacing the one before (after Ctrl-C: by default OUT.checkpoint)")
      ->type_name("FILE");
  command->add_option("--checkpoint-every", o.checkpointEvery, "Iterations between checkpoints (default: an epoch)")
      ->type_name("N")
      ->check(positive)
      ->needs("--checkpoint");
  command->add_option("--resume", o.resume, "Checkpoint to go on from, to the same bits")
      ->type_name("FILE")
      ->excludes(weights);
  command
      ->add_option("--until-top1", o.untilTop1,
                   "Stop at the first test with so many right classes, like 0.99, and tell the time it took")
      ->type_name("PART")
      ->check(partOfOne);
  command->add_option("--test-every", o.testEvery, "Iterations between tests on the test set (default: an epoch's)")
      ->type_name("N")
      ->check(positive);
  command
      ->add_option_function<std::string>(
          "--devices", [&o](const std::string &text) { o.devices = readDevices(text); },
          "GPUs that train together, each with a share of every batch, like cuda:0,cuda:1")
      ->type_name("NAME,...");
  command->add_flag("--strict", o.strict, "Stop at a damaged picture instead of leaving it out");
  command->add_option("--log", o.log, "Folder for TensorBoard event files")->type_name("DIR");
  return command;
}

CLI::App *addEval(CLI::App &app, EvalOptions &o) {
  CLI::App *command = app.add_subcommand("eval", "Top-1, top-5 and loss on the test set");
  command->add_option("--data", o.data, "Folder of the data set")->type_name("DIR")->required();
  command->add_option("--weights", o.weights, "Parameters (safetensors); of several, the probabilities are averaged")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--crops", o.views,
                   "Views of each image that are averaged: 1, 5 (corners and centre) or 10 (mirrored, too)")
      ->type_name("N")
      ->check(CLI::IsMember({1, 5, 10}).description(""));
  command->add_option("--save", o.save, "Where each image's probabilities go (.npy), for --with")->type_name("FILE");
  command->add_option("--with", o.with, "Probabilities that other programs saved: the average of all is judged")
      ->type_name("FILE");
  command->add_flag("--strict", o.strict, "Stop at a damaged picture instead of leaving it out");
  return command;
}

CLI::App *addPredict(CLI::App &app, PredictOptions &o) {
  CLI::App *command = app.add_subcommand("predict", "Classes of pictures, or the network's output for an array");
  command->add_option("--weights", o.weights, "Parameters (safetensors)")->type_name("FILE")->required();
  auto *images = command->add_option("IMAGE", o.images, "PNG or JPEG files")->type_name("FILE");
  auto *input = command->add_option("--input", o.input, "Images as float32 NCHW .npy, any number")->type_name("FILE");
  auto *output = command->add_option("--output", o.output, "Where the network's output goes (.npy)")->type_name("FILE");
  input->needs(output)->excludes(images);
  output->needs(input);
  auto *data = command->add_option("--data", o.data, "Folder of the data set, for --show")->type_name("DIR");
  auto *show =
      command->add_option("--show", o.show, "Draw so many test images and what is read in them")->type_name("N");
  show->check(positive)->needs(data)->excludes(images)->excludes(input);
  data->needs(show);
  command->add_option("--top", o.top, "Classes named for a picture (default: 3)")->type_name("N")->check(positive);
  command
      ->add_option_function<std::string>(
          "--invert",
          [&o](const std::string &when) {
            if (when != "auto" && when != "always" && when != "never")
              throw CLI::ValidationError("--invert", "expected auto, always or never, not " + when);
            o.inversion = when == "auto" ? Inversion::Auto : when == "always" ? Inversion::Always : Inversion::Never;
          },
          "Turn dark on light into light on dark: auto (default: by the picture's border), always or never")
      ->type_name("WHEN");
  command->callback([&o] {
    if (o.images.empty() && o.input.empty() && !o.show)
      throw CLI::ValidationError("predict", "nothing to read: give pictures, --input with --output, or --data with "
                                            "--show");
  });
  return command;
}

CLI::App *addStep(CLI::App &app, StepOptions &o) {
  CLI::App *command = app.add_subcommand("step", "One forward and backward pass: the loss and all gradients");
  command->add_option("--weights", o.weights, "Parameters (safetensors)")->type_name("FILE")->required();
  command->add_option("--input", o.input, "Images as float32 NCHW .npy")->type_name("FILE")->required();
  command->add_option("--labels", o.labels, "Labels as int64 .npy, one per image")->type_name("FILE")->required();
  command->add_option("--gradients", o.gradients, "Where the gradients, means over the images, go (safetensors)")
      ->type_name("FILE");
  return command;
}

CLI::App *addBench(CLI::App &app, BenchOptions &o) {
  CLI::App *command = app.add_subcommand("bench", "Time of the whole network and of each kernel");
  command->add_option("--batch", o.batch, "One of the compiled batches (default: the largest)")
      ->type_name("N")
      ->check(positive);
  command->add_flag("--train", o.train, "A training step instead of inference");
  command->add_option("--repeat", o.repeat, "Runs that are timed (default: as many as take 1.5 s)")
      ->type_name("N")
      ->check(countTo(10000000));
  command->add_flag("--json", o.json, "Print one JSON object");
  return command;
}

CLI::App *addCheck(CLI::App &app, CheckOptions &o) {
  CLI::App *command =
      app.add_subcommand("check", "Compare outputs, gradients and updates for made images with another device's");
  auto *save =
      command->add_option("--save", o.save, "Where digests of the results go (safetensors)")->type_name("FILE");
  command->add_option("--with", o.with, "Digests to compare with")->type_name("FILE")->excludes(save);
  command
      ->add_option("--tolerance", o.tolerance,
                   "Difference that passes, in units of a tensor's root mean square (default: 0.002)")
      ->type_name("X")
      ->check(positiveReal);
  command->add_flag("--json", o.json, "Print one JSON object");
  command->callback([&o] {
    if (o.save.empty() && o.with.empty())
      throw CLI::ValidationError("check", "nothing to do: give --save or --with");
  });
  return command;
}

/// What --device or the first of --devices says, before anything else is read: which of the program's targets all else is about.
std::string deviceOf(int argc, char **argv) {
  for (int index = 1; index < argc; ++index) {
    const std::string_view word = argv[index];
    if (word == "--device" && index + 1 < argc)
      return argv[index + 1];
    if (word.starts_with("--device="))
      return std::string(word.substr(9));
    if (word == "--devices" && index + 1 < argc)
      return firstDevice(argv[index + 1]);
    if (word.starts_with("--devices="))
      return firstDevice(std::string(word.substr(10)));
  }
  return "";
}

int run(int argc, char **argv, const std::string &name, const Launch &launch) {
  std::string device = deviceOf(argc, argv);
  Program program(fovea_main_program, device);
  CLI::App app("Network " + program.network + ", compiled by Fovea", name);
  app.require_subcommand(1);
  InfoOptions info;
  TrainOptions train;
  EvalOptions eval;
  PredictOptions predict;
  StepOptions step;
  BenchOptions bench;
  CheckOptions check;
  std::optional<int> threads;
  std::vector<std::pair<CLI::App *, Run>> commands = {
      {addInfo(app, info), [&](const Program &p) { return infoCommand(p, info); }},
      {addTrain(app, train), [&](const Program &p) { return trainCommand(p, train, name, threads.has_value()); }},
      {addEval(app, eval), [&](const Program &p) { return evalCommand(p, eval); }},
      {addPredict(app, predict), [&](const Program &p) { return predictCommand(p, predict); }},
      {addStep(app, step), [&](const Program &p) { return stepCommand(p, step); }},
      {addBench(app, bench), [&](const Program &p) { return benchCommand(p, bench); }},
      {addCheck(app, check), [&](const Program &p) { return checkCommand(p, check); }}};
  for (auto &[command, action] : commands) {
    CLI::Option *one =
        command
            ->add_option(
                "--device", device,
                "cpu, cuda or opencl, or one of several like cuda:1 (default: a GPU, where the program was compiled "
                "for it)")
            ->type_name("NAME");
    if (CLI::Option *several = command->get_option_no_throw("--devices"))
      several->excludes(one);
  }
  for (auto &[command, action] : commands)
    if (command->get_name() != "info")
      command->add_option("--threads", threads, "Threads to compute with (default: all cores)")
          ->check(countTo(1024))
          ->type_name("N");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &problem) {
    if (!launch.speaks)
      return 0;
    if (problem.get_exit_code() == 0)
      return app.exit(problem);
    std::string given, what = problem.what();
    for (auto &[command, action] : commands)
      if (command->parsed())
        given = " " + command->get_name();
    if (given.empty() && (argc <= 1 || argv[1][0] != '-'))
      what = (argc <= 1 ? "no command is given" : "unknown command `" + std::string(argv[1]) + "`") +
             ": expected info, train, eval, predict, step, bench or check";
    std::fprintf(stderr, "%s: error: %s; see `%s%s --help`\n", name.c_str(), what.c_str(), name.c_str(), given.c_str());
    return 2;
  }
  if (threads)
    setThreadCount(*threads);
  for (auto &[command, action] : commands)
    if (command->parsed()) {
      if (launch.size > 1 && command->get_name() != "train")
        throw Error("`" + command->get_name() + "` runs in one process, but mpirun started " +
                    std::to_string(launch.size) + "; only `train` divides its work");
      return action(program);
    }
  return 2;
}

} // namespace

int main(int argc, char **argv) {
  std::string name = argc > 0 && argv[0] && *argv[0] ? std::filesystem::path(argv[0]).filename().string() : "program";
  const Launch launch = launchOfEnvironment();
  // A file that outgrows the shell's limit is then a failed write, told like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    int code = run(argc, argv, name, launch);
    if (std::fflush(stdout) != 0) {
      std::fprintf(stderr, "%s: error: cannot write to standard output\n", name.c_str());
      return 1;
    }
    return code;
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "%s: error: out of memory\n", name.c_str());
  } catch (const std::exception &problem) {
    if (!launch.speaks)
      return 0;
    std::fprintf(stderr, "%s: error: %s\n", name.c_str(), problem.what());
  }
  return 1;
}
