#include "runtime/device/Nccl.h"

#include "runtime/device/Device.h"

#include <dlfcn.h>

namespace fovea {
namespace {

// Of nccl.h; these are the same since NCCL 2.0.
using Comm = void *;
constexpr int success = 0, float32 = 7, sumOperation = 0;

struct Library {
  int (*ncclCommInitAll)(Comm *comms, int count, const int *devices) = nullptr;
  int (*ncclAllReduce)(const void *send, void *receive, size_t count, int type, int operation, Comm comm,
                       void *stream) = nullptr;
  int (*ncclCommDestroy)(Comm comm) = nullptr;
  const char *(*ncclGetErrorString)(int code) = nullptr;
  std::string problem;

  Library() {
    void *library = dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      problem = "NCCL (libnccl.so.2) is not there";
      return;
    }
    find(library, "ncclCommInitAll", ncclCommInitAll);
    find(library, "ncclAllReduce", ncclAllReduce);
    find(library, "ncclCommDestroy", ncclCommDestroy);
    find(library, "ncclGetErrorString", ncclGetErrorString);
  }

private:
  template <typename Function> void find(void *library, const char *name, Function &function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (!function)
      problem = std::string("libnccl.so.2 has no ") + name;
  }
};

const Library &nccl() {
  static const Library library;
  return library;
}

} // namespace

NcclGroup::NcclGroup(const std::vector<int> &gpus) : problem(nccl().problem) {
  if (!problem.empty())
    return;
  communicators.resize(gpus.size());
  if (const int code = nccl().ncclCommInitAll(communicators.data(), int(gpus.size()), gpus.data()); code != success) {
    communicators.clear();
    problem = std::string("NCCL does not start: ") + nccl().ncclGetErrorString(code);
  }
}

NcclGroup::~NcclGroup() {
  for (void *communicator : communicators)
    nccl().ncclCommDestroy(communicator);
}

bool NcclCommunicator::sumOnDevice(Device &device, uint64_t floats, int64_t count) {
  auto *values = reinterpret_cast<void *>(floats);
  if (const int code = nccl().ncclAllReduce(values, values, size_t(count), float32, sumOperation, communicator, device.nativeStream());
      code != success)
    throw Error(device.id + " (" + device.name + "): NCCL failed to add the gradients: " + nccl().ncclGetErrorString(code));
  return true;
}

} // namespace fovea
