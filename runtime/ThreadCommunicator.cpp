#include "runtime/ThreadCommunicator.h"

#include <cstdlib>
#include <cstring>

namespace fovea {

void Meeting::wait() {
  std::unique_lock lock(mutex);
  const int64_t mine = round;
  if (!abandoned && ++arrived == size()) {
    arrived = 0;
    ++round;
    all.notify_all();
  }
  all.wait(lock, [&] { return abandoned || round != mine; });
  if (abandoned)
    throw Abandoned();
}

const std::vector<const void *> &Meeting::meet(int rank, const void *mine) {
  given[rank] = mine;
  wait();
  return given;
}

void Meeting::part() { wait(); }

void Meeting::abandon() {
  std::lock_guard lock(mutex);
  abandoned = true;
  all.notify_all();
}

// Each thread adds a share of the elements, in the order of the ranks, and takes over the shares of the others.
void ThreadCommunicator::sum(float *values, int64_t count) {
  const auto &given = meeting.meet(rank, values);
  const Share share = shareOf(count, rank, size);
  for (int64_t i = share.first; i < share.last; ++i) {
    float total = static_cast<const float *>(given[0])[i];
    for (int other = 1; other < size; ++other)
      total += static_cast<const float *>(given[other])[i];
    values[i] = total; // The others read this element of theirs and mine no more: it is in my share.
  }
  meeting.part();
  for (int other = 0; other < size; ++other) {
    const Share theirs = shareOf(count, other, size);
    if (other != rank && theirs.count() > 0) // Of nothing there may be no address.
      std::memcpy(values + theirs.first, static_cast<const float *>(given[other]) + theirs.first,
                  size_t(theirs.count()) * sizeof(float));
  }
  meeting.part();
}

void ThreadCommunicator::gather(const void *mine, int64_t bytes, void *all) {
  const auto &given = meeting.meet(rank, mine);
  for (int other = 0; other < size; ++other)
    std::memcpy(static_cast<char *>(all) + other * bytes, given[other], size_t(bytes));
  meeting.part();
}

void ThreadCommunicator::abort(int code) { std::_Exit(code); }

} // namespace fovea
