// The commands of a compiled program. main.cpp fills the options from the command line; each command is one file.
//
// A command returns the process's exit code and throws Error for everything that main() is to report in one line.
#pragma once

#include "runtime/Image.h"
#include "runtime/Program.h"
#include "runtime/Session.h"
#include "runtime/Trainer.h"

#include <optional>
#include <string>
#include <vector>

namespace fovea {

struct InfoOptions {
  bool json = false;
};
int infoCommand(const Program &program, const InfoOptions &options);

/// Trains alone, or together with the processes that mpirun started; `name` is the program's, for errors, and without
/// `threadsGiven` each process takes the cores that are its own. An error of one process ends all.
int trainCommand(const Program &program, const TrainOptions &options, const std::string &name, bool threadsGiven);

/// Trains on options.devices together, a thread for each in this process. An error of one ends all.
int trainOnDevices(const Program &program, const TrainOptions &options);

struct EvalOptions {
  std::string data;
  std::vector<std::string> weights; ///< the outputs of all are averaged
  int64_t views = 1;                ///< of each image: 1, 5 or 10
  std::vector<std::string> with;    ///< probabilities of other programs, averaged too
  std::string save;                 ///< where this program's probabilities go (.npy)
  bool strict = false;              ///< a damaged picture is an error
};
int evalCommand(const Program &program, const EvalOptions &options);

struct PredictOptions {
  std::string weights;
  std::vector<std::string> images;
  std::string input, output; ///< .npy files
  std::string data;          ///< folder of the test set, with `show`
  std::optional<int64_t> show;
  int64_t top = 3;
  Inversion inversion = Inversion::Auto;
};
int predictCommand(const Program &program, const PredictOptions &options);

/// predict --data DIR --show N: draws the first N test images and what the network reads in each.
int showCommand(Session &session, const std::string &directory, int64_t count);

struct StepOptions {
  std::string weights, input, labels, gradients;
};
int stepCommand(const Program &program, const StepOptions &options);

struct BenchOptions {
  std::optional<int64_t> batch, repeat;
  bool train = false, json = false;
};
int benchCommand(const Program &program, const BenchOptions &options);

struct CheckOptions {
  std::string save, with;  ///< one of them
  double tolerance = 2e-3; ///< of the root mean square
  bool json = false;
};
/// Computes each function for parameters and images from a seed, and saves digests of the results or compares them with
/// those that were saved, by another device perhaps. 1 where some differ.
int checkCommand(const Program &program, const CheckOptions &options);

/// Reads a float32 .npy of shape [N, input shape], N at least 1. Throws Error with both shapes.
FloatTensor readInput(const Program &program, const std::string &path);

} // namespace fovea
