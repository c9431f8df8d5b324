// A stand-in for NCCL: a libnccl.so.2 whose communicators add floats in the host's memory. A call that no correct program
// makes ends the process with a line on standard error. $FAKE_NCCL "broken" refuses to start.
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <unistd.h>
#include <vector>

namespace {

struct Group {
  explicit Group(int size) : barrier(size), sent(size) {}
  std::barrier<> barrier;
  std::vector<const float *> sent;
};

struct Communicator {
  std::shared_ptr<Group> group;
  int rank;
};

[[noreturn]] void violation(const char *what) {
  std::fprintf(stderr, "fake NCCL: %s\n", what);
  _exit(99);
}

} // namespace

extern "C" {

int ncclCommInitAll(void **communicators, int count, const int *devices) {
  if (const char *mood = std::getenv("FAKE_NCCL"); mood && std::strcmp(mood, "broken") == 0)
    return 2;
  if (std::set<int>(devices, devices + count).size() != size_t(count))
    violation("a device is named twice");
  auto group = std::make_shared<Group>(count);
  for (int rank = 0; rank < count; ++rank)
    communicators[rank] = new Communicator{group, rank};
  return 0;
}

int ncclAllReduce(const void *send, void *receive, size_t count, int type, int operation, void *handle, void *stream) {
  if (type != 7 || operation != 0 || !stream)
    violation("not a sum of floats in a stream");
  const auto &[group, rank] = *static_cast<Communicator *>(handle);
  group->sent[rank] = static_cast<const float *>(send);
  group->barrier.arrive_and_wait();
  std::vector<float> sum(count);
  for (const float *part : group->sent)
    for (size_t i = 0; i < count; ++i)
      sum[i] += part[i];
  group->barrier.arrive_and_wait();
  std::memcpy(receive, sum.data(), count * sizeof(float));
  return 0;
}

int ncclCommDestroy(void *communicator) {
  delete static_cast<Communicator *>(communicator);
  return 0;
}

const char *ncclGetErrorString(int code) { return code == 2 ? "unhandled system error" : "no error"; }
}
