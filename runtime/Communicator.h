// The processes that train one network together: who they are, and how they add and tell each other things.
//
// Every process makes the same calls in the same order. The gradient sum is the one call that moves much; everything
// else is a gather of a few bytes. The same holds for threads of one process that have a GPU each.
#pragma once

#include "runtime/Error.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fovea {

class Device;

class Communicator {
public:
  /// `member`: what each is called in messages, "process" or "device".
  Communicator(int rank, int size, const char *member = "process") : rank(rank), size(size), member(member) {}
  virtual ~Communicator() = default;
  Communicator(const Communicator &) = delete;
  Communicator &operator=(const Communicator &) = delete;

  const int rank, size; ///< 0 <= rank < size
  const char *const member;

  /// Adds up all processes' `values` element by element. All receive the same bits, always those of the sum in the
  /// order of the ranks.
  virtual void sum(float *values, int64_t count) = 0;

  /// The same of floats in a device's memory, after what it was told before. False where that has to go through the host.
  /// All receive the same bits here, too; the order of the sum is the library's.
  virtual bool sumOnDevice(Device &, uint64_t floats, int64_t count) {
    (void)floats, (void)count;
    return false;
  }

  /// Hands out each process's `bytes` bytes to all, in the order of the ranks: `all` holds size * bytes. No process
  /// returns before all have called.
  virtual void gather(const void *mine, int64_t bytes, void *all) = 0;

  /// Ends all processes, this one included, with this exit code, wherever they are.
  [[noreturn]] virtual void abort(int code) = 0;

  bool leads() const { return rank == 0; } ///< it speaks and writes for all
};

/// A process that is alone.
class SingleProcess : public Communicator {
public:
  SingleProcess() : Communicator(0, 1) {}
  void sum(float *, int64_t) override {}
  void gather(const void *mine, int64_t bytes, void *all) override;
  [[noreturn]] void abort(int code) override;
};

/// An error that every process throws at the same place: they can end in order, and one of them reports it.
struct SharedError : Error {
  using Error::Error;
};

/// What each process gave, in the order of the ranks. `Value` is plain data.
template <typename Value> std::vector<Value> gathered(Communicator &communicator, const Value &mine) {
  std::vector<Value> all(communicator.size);
  communicator.gather(&mine, sizeof(Value), all.data());
  return all;
}

/// As `gathered`, of texts of any lengths.
std::vector<std::string> gatheredTexts(Communicator &communicator, const std::string &mine);

/// Does `work`, which does not communicate, in every process. When it throws in any, all throw SharedError with the
/// first such process's message.
void agreeOn(Communicator &communicator, const std::function<void()> &work);

/// "process 1 of 4: ", what a message of one process begins with; empty for a process that is alone.
std::string nameOf(const Communicator &communicator);

/// A part of a whole that is split into `parts` contiguous parts, in the order of their numbers, whose sizes differ by
/// one at most.
struct Share {
  int64_t first = 0, last = 0; ///< without the last
  int64_t count() const { return last - first; }
  Share upTo(int64_t end) const; ///< What of it lies before `end`.
};
Share shareOf(int64_t whole, int64_t part, int64_t parts);

} // namespace fovea
