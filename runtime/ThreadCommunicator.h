// Threads of one process that train one network together, each on a device of its own.
#pragma once

#include "runtime/Communicator.h"

#include <condition_variable>
#include <mutex>

namespace fovea {

/// Where the threads meet. When one gives up, all that wait or come later throw.
class Meeting {
public:
  explicit Meeting(int size) : given(size) {}

  int size() const { return int(given.size()); }
  /// Returns when all have called; `mine` of each is then in the order of the ranks. Throws Abandoned.
  const std::vector<const void *> &meet(int rank, const void *mine);
  /// Returns when all have called. Throws Abandoned.
  void part();
  void abandon();

  struct Abandoned : Error {
    Abandoned() : Error("another thread gave up") {}
  };

private:
  void wait();

  std::mutex mutex;
  std::condition_variable all;
  std::vector<const void *> given;
  int arrived = 0;
  int64_t round = 0;
  bool abandoned = false;
};

class ThreadCommunicator : public Communicator {
public:
  ThreadCommunicator(Meeting &meeting, int rank, const char *member = "device")
      : Communicator(rank, meeting.size(), member), meeting(meeting) {}

  void sum(float *values, int64_t count) override;
  void gather(const void *mine, int64_t bytes, void *all) override;
  [[noreturn]] void abort(int code) override;

private:
  Meeting &meeting;
};

} // namespace fovea
