// An entry decoded for execution: each operand is a row, that is one value for each thread of a block.
#pragma once

#include "test/runtime/device/ptx/Module.h"

#include <cstdint>

namespace ptx {

struct Block;
struct Bound;

/// Executes one instruction for the active threads of a block.
using Run = void (*)(const Bound &, Block &);

/// Where a row's values come from.
struct Row {
  enum Kind { Register, Constant, Parameter, Special } kind;
  size_t bytes;   ///< Of each value: 1 (a predicate), 2, 4 or 8.
  uint64_t value; ///< A constant's bits, a parameter's number, or 3 * (tid, ntid, ctaid, nctaid) + axis.
  int slot = 0;   ///< A register's place among those of its size, shared by registers that are never needed at once.
};

struct Step {
  enum Kind { Compute, Branch, Return, Barrier } kind = Compute;
  Run run = nullptr;
  std::vector<int> rows; ///< Results first.
  int results = 0;
  int guard = -1; ///< A row; branches and returns only.
  bool isNegated = false;
  int target = 0;     ///< Of a branch.
  int64_t offset = 0; ///< That an access adds to its address.
};

struct Kernel {
  Entry entry;
  std::vector<Row> rows;
  std::vector<Step> steps; ///< One for each of the entry's statements, and a return.
  size_t localBytes = 0;
  size_t sharedGranule = 4; ///< Bytes, the least that the entry reads or writes at once of shared memory; 4 at most.
  int slots[9] = {};        ///< By the values' bytes.

  /// "k, line 12 (`add.s32 %r1, %r2, 3`)".
  std::string where(int step) const;
};

/// Where a block's memory begins: the first 1024 bytes are the system's from capability 9.0 on.
constexpr uint64_t sharedBase = 1024;

/// Throws Fault, "k, line 12 (`...`): ...", at the first statement that it does not know.
Kernel decode(const Module &module, const Entry &entry);

/// Gives registers their slots; Kernel::steps is complete. (Slots.cpp)
void assignSlots(Kernel &kernel);

} // namespace ptx
