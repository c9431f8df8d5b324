// What the processes of one training run check and divide among themselves.
#pragma once

#include "runtime/Checkpoint.h"
#include "runtime/Communicator.h"
#include "runtime/Dataset.h"

namespace fovea {

/// Throws SharedError unless all processes stand at the same point of the same run: with the same data, the same
/// numbers and the same bits in all parameters. Called where a run begins and where its epochs end.
void needSameState(Communicator &communicator, const Session &session, const RunState &state, const Dataset &trainSet,
                   const Dataset &testSet);

/// How many different pictures of the two sets any process has left out as damaged.
int64_t brokenFiles(Communicator &communicator, const Dataset &trainSet, const Dataset &testSet);

/// The cores that this process may count as its own: a core that several processes of the machine may run on is divided
/// among them. At least 1.
int coresOf(Communicator &communicator);

/// The line that a run of several processes begins with.
std::string dataParallelLine(const Program &program, const Communicator &communicator, int64_t batch);

} // namespace fovea
