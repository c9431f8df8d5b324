#include "runtime/DataParallel.h"
#include "runtime/MpiCommunicator.h"
#include "runtime/ThreadPool.h"
#include "runtime/commands/Commands.h"

#include <cstdio>

namespace fovea {

int trainCommand(const Program &program, const TrainOptions &options, const std::string &name, bool threadsGiven) {
  const Launch launch = launchOfEnvironment();
  if (!options.devices.empty() && launch.size > 1)
    throw Error("--devices and mpirun both divide batches: use one of them");
  if (options.devices.size() > 1)
    return trainOnDevices(program, options);
  if (launch.size == 1) {
    SingleProcess alone;
    return train(program, options, alone);
  }
  std::unique_ptr<Communicator> communicator = startMpi(launch);
  int code = 1;
  try {
    if (!threadsGiven)
      setThreadCount(coresOf(*communicator));
    code = train(program, options, *communicator);
  } catch (const SharedError &problem) {
    if (communicator->leads())
      std::fprintf(stderr, "%s: error: %s\n", name.c_str(), problem.what());
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "%s: error: %sout of memory\n", name.c_str(), nameOf(*communicator).c_str());
    communicator->abort(1);
  } catch (const std::exception &problem) {
    // The others wait for this one, or soon will.
    std::fprintf(stderr, "%s: error: %s%s\n", name.c_str(), nameOf(*communicator).c_str(), problem.what());
    communicator->abort(1);
  }
  // mpirun ends all when one ends with an error: not before the first has said and written everything.
  gathered(*communicator, code);
  return code;
}

} // namespace fovea
