// Threads of a block that stand at the same step form a group. The group at the earliest step goes on, until it meets
// another one there and becomes one with it: code that the compiler has laid out in order converges again at once. At a
// barrier groups wait until all the block's threads do.
#include "test/runtime/device/ptx/Machine.h"

#include <algorithm>
#include <cstring>
#include <immintrin.h>
#include <memory>

namespace ptx {

const Active &activeOf(const Block &block) { return block.active; }

namespace {

/// While it lives, denormal numbers are what they are, as in PTX without .ftz; programs compute without them.
class Denormals {
public:
  Denormals() : before(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~Denormals() { _mm_setcsr(before); }

private:
  unsigned before;
};

struct Group {
  int step = 0;
  bool waits = false;        ///< At the barrier before `step`.
  std::vector<uint8_t> mask; ///< By thread; empty: all of the block.
};

class Machine {
public:
  Machine(const Launch &launch, const Memory &memory) : launch(launch), kernel(*launch.kernel) {
    threads = int(launch.block[0] * launch.block[1] * launch.block[2]);
    block.kernel = &kernel;
    block.memory = &memory;
    block.local.resize(size_t(threads) * kernel.localBytes);
    bind();
  }

  void run() {
    for (at[2] = 0; at[2] < launch.grid[2]; ++at[2])
      for (at[1] = 0; at[1] < launch.grid[1]; ++at[1])
        for (at[0] = 0; at[0] < launch.grid[0]; ++at[0])
          runBlock();
  }

private:
  static constexpr size_t lineBytes = 64;
  struct Free {
    void operator()(void *memory) const { std::free(memory); }
  };

  const Launch &launch;
  const Kernel &kernel;
  int threads = 0;
  std::array<uint32_t, 3> at{}; ///< The block's place in the grid.
  Block block;
  std::unique_ptr<char, Free> file; ///< All rows.
  std::vector<char *> rows;
  std::vector<Bound> bounds;
  std::vector<Group> groups;  ///< Sorted by step, the waiting ones last.
  std::vector<uint8_t> ended; ///< By thread.
  int left = 0;               ///< Threads that have not ended.

  void bind() {
    const auto roundUp = [](size_t bytes) { return (bytes + lineBytes - 1) / lineBytes * lineBytes; };
    size_t begins[9] = {}, size = 0;
    for (size_t bytes : {1, 2, 4, 8}) {
      begins[bytes] = size;
      size += size_t(kernel.slots[bytes]) * roundUp(bytes * size_t(threads));
    }
    std::vector<size_t> offsets;
    for (const Row &row : kernel.rows) {
      const size_t bytes = roundUp(row.bytes * size_t(threads));
      offsets.push_back(row.kind == Row::Register ? begins[row.bytes] + size_t(row.slot) * bytes : size);
      size += row.kind == Row::Register ? 0 : bytes;
    }
    file.reset(static_cast<char *>(std::aligned_alloc(lineBytes, std::max(size, lineBytes))));
    std::memset(file.get(), 0, size);
    for (size_t index = 0; index < kernel.rows.size(); ++index) {
      rows.push_back(file.get() + offsets[index]);
      fill(kernel.rows[index], rows.back());
    }
    for (const Step &step : kernel.steps) {
      Bound &bound = bounds.emplace_back(Bound{step.run, {}, step.offset});
      for (size_t index = 0; index < step.rows.size(); ++index)
        bound.rows[index] = rows[size_t(step.rows[index])];
    }
  }

  /// What is the same in every block.
  void fill(const Row &row, char *values) const {
    for (int thread = 0; thread < threads; ++thread) {
      uint64_t value = row.value;
      if (row.kind == Row::Parameter)
        value = launch.arguments[size_t(row.value)];
      else if (row.kind == Row::Special)
        value = special(int(row.value), thread);
      std::memcpy(values + size_t(thread) * row.bytes, &value, row.bytes);
    }
  }

  std::array<uint32_t, 3> place(int thread) const {
    const uint32_t x = launch.block[0], y = launch.block[1];
    return {uint32_t(thread) % x, uint32_t(thread) / x % y, uint32_t(thread) / x / y};
  }

  uint32_t special(int which, int thread) const {
    const size_t axis = size_t(which % 3);
    return which < 3 ? place(thread)[axis] : which < 6 ? launch.block[axis] : which < 9 ? at[axis] : launch.grid[axis];
  }

  void runBlock() {
    for (size_t index = 0; index < kernel.rows.size(); ++index)
      if (const Row &row = kernel.rows[index]; row.kind == Row::Special && row.value >= 6 && row.value < 9)
        fill(row, rows[index]);
    block.shared.begin(launch.sharedBytes, kernel.sharedGranule);
    groups.assign(1, {});
    ended.assign(size_t(threads), 0);
    left = threads;
    while (!groups.empty()) {
      if (groups.front().waits)
        passBarrier();
      else
        advance();
    }
  }

  [[noreturn]] void fail(int step, int thread, const std::string &what) const {
    const auto text = [](const std::array<uint32_t, 3> &place) {
      return std::to_string(place[0]) + " " + std::to_string(place[1]) + " " + std::to_string(place[2]);
    };
    throw Fault(kernel.where(step) + ", block " + text(at) + ", thread " + text(place(thread)) + ": " + what);
  }

  static int firstOf(const Group &group) {
    return group.mask.empty() ? 0 : int(std::find(group.mask.begin(), group.mask.end(), 1) - group.mask.begin());
  }

  /// Before the group behind it would be overtaken.
  void advance() {
    Group group = std::move(groups.front());
    groups.erase(groups.begin());
    const int stop = groups.empty() || groups.front().waits ? int(kernel.steps.size()) : groups.front().step;
    activate(group);
    for (;;) {
      const Step &step = kernel.steps[size_t(group.step)];
      if (step.kind == Step::Compute) {
        try {
          step.run(bounds[size_t(group.step)], block);
        } catch (const ThreadFault &fault) {
          fail(group.step, fault.thread, fault.what());
        }
        ++group.step;
      } else if (step.kind == Step::Barrier) {
        ++group.step;
        group.waits = true;
      } else if (!jump(group, step)) {
        return; // In parts, or over.
      }
      if (group.waits || group.step >= stop)
        return add(std::move(group));
    }
  }

  void activate(const Group &group) {
    if (group.mask.empty()) {
      block.active = {0, threads, nullptr};
      return;
    }
    const uint8_t *mask = group.mask.data();
    int begin = 0, end = threads;
    while (!mask[begin])
      ++begin;
    while (!mask[end - 1])
      --end;
    const bool isDense = std::memchr(mask + begin, 0, size_t(end - begin)) == nullptr;
    block.active = {begin, end, isDense ? nullptr : mask};
  }

  /// A branch or a return; true if the whole group goes on, perhaps elsewhere.
  bool jump(Group &group, const Step &step) {
    if (step.guard < 0 && step.kind == Step::Branch) {
      group.step = step.target;
      return true;
    }
    const auto *const guard = step.guard < 0 ? nullptr : reinterpret_cast<const uint8_t *>(rows[size_t(step.guard)]);
    const uint8_t against = step.isNegated;
    const auto takes = [&](int thread) { return !guard || guard[thread] != against; };
    const Active active = block.active;
    int taking = 0, total = active.end - active.begin;
    if (!guard || active.mask) {
      total = 0;
      for (int thread = active.begin; thread < active.end; ++thread)
        if (!active.mask || active.mask[thread]) {
          ++total;
          taking += takes(thread);
        }
    } else {
      for (int thread = active.begin; thread < active.end; ++thread)
        taking += guard[thread] != against;
    }
    if (taking == 0) {
      ++group.step;
      return true;
    }
    if (taking == total && step.kind == Step::Branch) {
      group.step = step.target;
      return true;
    }
    Group gone{step.target, false, std::vector<uint8_t>(size_t(threads))}, stays = gone;
    stays.step = group.step + 1;
    for (int thread = active.begin; thread < active.end; ++thread)
      if (!active.mask || active.mask[thread])
        (takes(thread) ? gone : stays).mask[size_t(thread)] = 1;
    if (taking < total)
      add(std::move(stays));
    if (step.kind == Step::Branch) {
      add(std::move(gone));
    } else {
      left -= taking;
      for (int thread = 0; thread < threads; ++thread)
        ended[size_t(thread)] |= gone.mask[size_t(thread)];
    }
    return false;
  }

  /// Into its place, or into the group that stands there.
  void add(Group group) {
    const auto before = [](const Group &a, const Group &b) {
      return std::pair(a.waits, a.step) < std::pair(b.waits, b.step);
    };
    const auto place = std::lower_bound(groups.begin(), groups.end(), group, before);
    if (place == groups.end() || before(group, *place)) {
      groups.insert(place, std::move(group));
      return;
    }
    for (size_t thread = 0; thread < place->mask.size(); ++thread)
      place->mask[thread] |= group.mask[thread];
    if (std::memchr(place->mask.data(), 0, place->mask.size()) == nullptr)
      place->mask.clear();
  }

  /// All threads must wait, at the same one.
  void passBarrier() {
    const int step = groups.front().step - 1;
    if (groups.size() > 1)
      fail(groups[1].step - 1, firstOf(groups[1]),
           "a barrier at which not all threads of the block arrive: others wait in line " +
               std::to_string(kernel.entry.statements[size_t(step)].line));
    if (left < threads)
      fail(step, firstOf(groups.front()),
           "a barrier at which not all threads of the block arrive: " + std::to_string(threads - left) + " of " +
               std::to_string(threads) + " have ended");
    groups.front().waits = false;
    block.shared.barrier();
  }
};

} // namespace

void run(const Launch &launch, const Memory &memory) {
  const Denormals guard;
  Machine(launch, memory).run();
}

} // namespace ptx
