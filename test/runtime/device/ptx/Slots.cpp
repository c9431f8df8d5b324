// Registers that are never needed at once share a slot: a block's values then fit in a cache. Each thread follows the
// control flow on its own and has its own values, so what is known of one thread is enough.
#include "test/runtime/device/ptx/Kernel.h"

#include <algorithm>
#include <bit>

namespace ptx {

namespace {

/// A set of rows.
class Rows {
public:
  explicit Rows(size_t count) : words((count + 63) / 64) {}
  void add(int row) { words[size_t(row) / 64] |= uint64_t(1) << (row % 64); }
  void remove(int row) { words[size_t(row) / 64] &= ~(uint64_t(1) << (row % 64)); }
  void add(const Rows &other) {
    for (size_t index = 0; index < words.size(); ++index)
      words[index] |= other.words[index];
  }
  template <typename Function> void forEach(Function function) const {
    for (size_t index = 0; index < words.size(); ++index)
      for (uint64_t left = words[index]; left; left &= left - 1)
        function(64 * index + size_t(std::countr_zero(left)));
  }
  bool operator==(const Rows &other) const = default;

private:
  std::vector<uint64_t> words;
};

/// For each step, which rows are needed behind it: by later steps, whichever way the thread goes.
std::vector<Rows> liveBehind(const Kernel &kernel) {
  const size_t count = kernel.steps.size();
  std::vector<Rows> before(count, Rows(kernel.rows.size())), behind = before;
  for (bool changes = true; changes;) {
    changes = false;
    for (size_t index = count; index-- > 0;) {
      const Step &step = kernel.steps[index];
      Rows live(kernel.rows.size());
      const bool isAlways = step.guard < 0;
      if (index + 1 < count && (step.kind == Step::Compute || step.kind == Step::Barrier || !isAlways))
        live.add(before[index + 1]);
      if (step.kind == Step::Branch)
        live.add(before[size_t(step.target)]);
      behind[index] = live;
      for (int result = 0; result < step.results; ++result)
        live.remove(step.rows[size_t(result)]);
      for (size_t operand = size_t(step.results); operand < step.rows.size(); ++operand)
        live.add(step.rows[operand]);
      if (!isAlways)
        live.add(step.guard);
      changes |= live != before[index];
      before[index] = std::move(live);
    }
  }
  return behind;
}

} // namespace

void assignSlots(Kernel &kernel) {
  struct Interval {
    int row, first = -1, last = -1;
  };
  std::vector<Interval> intervals(kernel.rows.size());
  const auto touch = [&](size_t row, int step) {
    Interval &at = intervals[row];
    at.first = at.first < 0 ? step : std::min(at.first, step);
    at.last = std::max(at.last, step);
  };
  const auto behind = liveBehind(kernel);
  for (size_t index = 0; index < kernel.steps.size(); ++index) {
    const Step &step = kernel.steps[index];
    for (int row : step.rows)
      touch(size_t(row), int(index));
    if (step.guard >= 0)
      touch(size_t(step.guard), int(index));
    behind[index].forEach([&](size_t row) {
      touch(row, int(index));
      touch(row, int(index) + 1);
    });
  }
  for (size_t row = 0; row < intervals.size(); ++row)
    intervals[row].row = int(row);
  std::erase_if(intervals,
                [&](const Interval &at) { return at.first < 0 || kernel.rows[size_t(at.row)].kind != Row::Register; });
  std::sort(intervals.begin(), intervals.end(), [](auto &a, auto &b) { return a.first < b.first; });

  struct Slot {
    size_t bytes;
    int number, freeFrom;
  };
  std::vector<Slot> slots;
  for (const Interval &at : intervals) {
    Row &row = kernel.rows[size_t(at.row)];
    auto free = std::find_if(slots.begin(), slots.end(),
                             [&](const Slot &slot) { return slot.bytes == row.bytes && slot.freeFrom <= at.first; });
    if (free == slots.end())
      free = slots.insert(slots.end(), {row.bytes, kernel.slots[row.bytes]++, 0});
    row.slot = free->number;
    free->freeFrom = at.last + 1;
  }
}

} // namespace ptx
