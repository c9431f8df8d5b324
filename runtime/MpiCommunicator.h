// The processes that Open MPI's mpirun started.
//
// A program is linked with no MPI and needs none to run alone: the library is opened when mpirun's environment says
// that there are several processes.
#pragma once

#include "runtime/Communicator.h"

#include <memory>

namespace fovea {

/// What the environment says of the processes that were started together.
struct Launch {
  int rank = 0, size = 1;
  bool openMpi = true; ///< or another MPI, when there are several
  /// What goes wrong before the processes are connected goes wrong in all of a machine: its first process tells it and
  /// fails. The others end without an error, for the first of those would have mpirun stop the one that speaks.
  bool speaks = true;
};
Launch launchOfEnvironment();

/// Starts MPI in a process of `launch`, whose size is above 1. Ending the last owner ends MPI, which waits for all
/// processes. The library is $FOVEA_MPI_LIBRARY, or libmpi.so.40. Throws Error when it is missing or not Open MPI's.
std::unique_ptr<Communicator> startMpi(const Launch &launch);

} // namespace fovea
