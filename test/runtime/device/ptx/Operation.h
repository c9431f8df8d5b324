// What instructions do, by their mnemonics.
#pragma once

#include "test/runtime/device/ptx/Kernel.h"

namespace ptx {

/// The threads of a block that execute an instruction.
struct Active {
  int begin = 0, end = 0;
  const uint8_t *mask = nullptr; ///< By thread, 1 or 0; without one all from `begin` to `end` are active.
};

/// A step with the addresses of its rows.
struct Bound {
  Run run;
  void *rows[6];
  int64_t offset;

  template <typename Value> Value *row(int index) const { return static_cast<Value *>(rows[index]); }
};

struct Operation {
  Run run = nullptr;
  int results = 1;
  std::vector<size_t> bytes; ///< Of each operand, results first.
};

/// Arithmetic, comparisons, conversions: everything that touches registers alone. Null if it is none.
const Operation *findOperation(const std::string &mnemonic);

/// ld and st of global, shared and local memory: the address is the row behind a load's results, a store's first. Null
/// if it is none, or one of other elements or registers (of `registerBytes`, 0 where a store has numbers alone) than this interpreter knows.
struct Access {
  Run run = nullptr;
  bool isLoad = false;
  int count = 1; ///< Elements.
  size_t elementBytes = 0, registerBytes = 0;
  std::string space;
};
bool findAccess(const std::string &mnemonic, size_t registerBytes, Access &access);

/// Tables that the files of operations fill.
using Operations = std::map<std::string, Operation>;
void addIntegerOperations(Operations &table);
void addFloatOperations(Operations &table);

// How the tables are filled.

/// Everything by value: what a store may change would be read again for each thread.
template <typename Function, typename Result, typename... From>
void executeRows(const Active active, Result *const to, const From *const... from) {
  const Function function;
  const int begin = active.begin, end = active.end;
  if (!active.mask) {
#pragma GCC ivdep // A result may replace an operand, thread by thread.
    for (int thread = begin; thread < end; ++thread)
      to[thread] = function(from[thread]...);
    return;
  }
  const uint8_t *const mask = active.mask;
#pragma GCC ivdep
  for (int thread = begin; thread < end; ++thread) {
    const Result value = function(from[thread]...), before = to[thread];
    to[thread] = mask[thread] ? value : before;
  }
}

template <typename Function, typename Result, typename... From, size_t... Index>
void execute(const Bound &step, const Active &active, std::index_sequence<Index...>) {
  executeRows<Function, Result, From...>(active, step.row<Result>(0), step.row<const From>(int(Index) + 1)...);
}

const Active &activeOf(const Block &block);

template <typename Signature, typename Function> struct Elementwise;
template <typename Result, typename... From, typename Function> struct Elementwise<Result(From...), Function> {
  static void run(const Bound &step, Block &block) {
    execute<Function, Result, From...>(step, activeOf(block), std::index_sequence_for<From...>());
  }
  static Operation operation() { return {run, 1, {sizeof(Result), sizeof(From)...}}; }
};

/// A function without state, applied thread by thread: define<uint32_t(uint32_t, uint32_t)>(table, "and.b32", ...).
template <typename Signature, typename Function> void define(Operations &table, const std::string &mnemonic, Function) {
  table[mnemonic] = Elementwise<Signature, Function>::operation();
}

} // namespace ptx
