#include "runtime/ThreadCommunicator.h"
#include "runtime/commands/Commands.h"
#include "runtime/device/Device.h"
#include "runtime/device/Nccl.h"

#include <cstdio>
#include <exception>
#include <thread>

namespace fovea {

int trainOnDevices(const Program &program, const TrainOptions &options) {
  if (!program.backend)
    throw Error("--devices: `train --devices` divides batches over GPUs; on the CPU mpirun does");
  std::vector<Program> programs;
  std::vector<std::shared_ptr<Device>> opened; // Kept: what a driver sets up for a device is set up once.
  for (int index : options.devices) {
    programs.push_back(program);
    programs.back().deviceIndex = index;
    opened.push_back(programs.back().openDevice()); // What is not there is told before anything begins.
  }
  const auto count = int(programs.size());
  Meeting meeting(count);
  std::unique_ptr<NcclGroup> nccl;
  if (program.backend->api == std::string("cuda")) {
    nccl = std::make_unique<NcclGroup>(options.devices);
    if (!nccl->problem.empty())
      std::fprintf(stderr, "warning: %s: the host adds up the gradients\n", nccl->problem.c_str());
  }
  std::mutex mutex; // of what follows
  std::exception_ptr problem;
  int code = 0;
  auto run = [&](int rank) {
    try {
      std::unique_ptr<Communicator> communicator;
      if (nccl && nccl->problem.empty())
        communicator = std::make_unique<NcclCommunicator>(meeting, rank, *nccl);
      else
        communicator = std::make_unique<ThreadCommunicator>(meeting, rank);
      const int own = train(programs[size_t(rank)], options, *communicator);
      std::lock_guard lock(mutex);
      code = own;
    } catch (const Meeting::Abandoned &) { // What went wrong is told by whom it happened to.
    } catch (...) {
      std::lock_guard lock(mutex);
      if (!problem)
        problem = std::current_exception();
      meeting.abandon();
    }
  };
  std::vector<std::jthread> threads;
  for (int rank = 1; rank < count; ++rank)
    threads.emplace_back(run, rank);
  run(0);
  threads.clear();
  if (problem)
    std::rethrow_exception(problem);
  return code;
}

} // namespace fovea
