// A training run on disk, to be gone on with to the same bits.
//
// A checkpoint is a safetensors file: the parameters under their names (so it serves as --weights too), the momentum
// under "momentum/NAME", and strings that say where the run stood. Random numbers come from counters, so nothing else
// is needed.
#pragma once

#include "runtime/LrPolicy.h"
#include "runtime/Session.h"

#include <string>

namespace fovea {

/// Where a run stands. `iteration` counts the updates done; `lr` is the base rate.
struct RunState {
  uint64_t seed = 0;
  int64_t iteration = 0, totalIterations = 0, batch = 0, trainImages = 0;
  double lr = 0;
  Plateau plateau;
};

/// Writes the checkpoint, whole or not at all: the one that was at `path` stays when anything fails.
void saveCheckpoint(const Session &session, const RunState &state, const std::string &path);

/// Restores parameters and momentum. Throws Error when the file is not a checkpoint of this network.
RunState loadCheckpoint(Session &session, const std::string &path);

} // namespace fovea
