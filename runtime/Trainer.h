// The training loop: SGD over a shuffled data set by the model file's recipe.
#pragma once

#include "runtime/Communicator.h"
#include "runtime/Program.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fovea {

/// What the command line may change of the recipe. Empty strings and values are not given.
struct TrainOptions {
  std::string data;                       ///< folder of the training and test set
  std::string out;                        ///< where the parameters go
  std::string weights;                    ///< parameters to start from, instead of drawing them
  std::string resume;                     ///< checkpoint to go on from
  std::string checkpoint;                 ///< where checkpoints go
  std::optional<int64_t> checkpointEvery; ///< iterations between them; by default each epoch's end
  std::string log;                        ///< folder for event files
  std::optional<int64_t> epochs, iterations, batch;
  std::optional<uint64_t> seed;     ///< of shuffling and initialisation; 1 by default
  std::optional<double> lr;         ///< base rate
  std::optional<int64_t> testEvery; ///< iterations between passes over the test set, beside each epoch's end
  std::optional<int64_t> parts; ///< in which a process that is alone computes a batch, to the bits of so many processes
  std::optional<double> untilTop1; ///< part of the test set, up to 1, whose right classes end the run
  bool strict = false;             ///< a damaged picture ends the run
  std::vector<int> devices; ///< numbers of those that train together; empty for the program's one
};

/// Trains and writes `options.out`; the last line on standard output is the result on the test set, as eval's. The run
/// is a function of the options, the data, the machine and the number of processes: neither the number of threads nor
/// an interruption and --resume changes a bit. Several processes divide each batch, add up their gradients and make the
/// same update; the first of them speaks and writes.
///
/// Returns 0, or 128 + the signal when SIGINT or SIGTERM came: the iteration is finished and a checkpoint written to
/// options.checkpoint, or beside `out`. Throws Error when the loss is not finite, and for bad data; nothing is written
/// then.
int train(const Program &program, const TrainOptions &options, Communicator &communicator);

} // namespace fovea
