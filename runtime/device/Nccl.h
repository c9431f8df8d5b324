// Sums over several of NVIDIA's GPUs by NCCL, whose library is opened at run time.
#pragma once

#include "runtime/ThreadCommunicator.h"

#include <memory>
#include <string>
#include <vector>

namespace fovea {

/// The communicators of the GPUs with these numbers, in their order, for a thread each. `problem` says why there are none:
/// the library is not there, or refuses. The host then adds.
struct NcclGroup {
  std::vector<void *> communicators;
  std::string problem;

  explicit NcclGroup(const std::vector<int> &gpus);
  ~NcclGroup();
  NcclGroup(const NcclGroup &) = delete;
};

/// Adds on the GPUs, in their own streams, and does the rest through the host.
class NcclCommunicator : public ThreadCommunicator {
public:
  NcclCommunicator(Meeting &meeting, int rank, NcclGroup &group)
      : ThreadCommunicator(meeting, rank), communicator(group.communicators.at(rank)) {}

  bool sumOnDevice(Device &device, uint64_t floats, int64_t count) override;

private:
  void *communicator;
};

} // namespace fovea
