#include "codegen/schedules/Prefetch.h"

namespace fovea {

using namespace Halide;
using namespace Halide::Internal;

namespace {

constexpr int lineBytes = 64;

/// The first load from an operand, or none.
class FirstLoad : public IRVisitor {
public:
  explicit FirstLoad(const std::string &operand) : operand(operand) {}

  const Load *found = nullptr;

private:
  const std::string &operand;

  using IRVisitor::visit;
  void visit(const Load *load) override {
    if (!found && load->name == operand)
      found = load;
    IRVisitor::visit(load);
  }
};

class Prefetcher : public IRMutator {
public:
  explicit Prefetcher(const Prefetch &prefetch) : prefetch(prefetch) {}

private:
  const Prefetch prefetch;
  Expr pass = prefetch.passes - 1; ///< Halide may peel the last one off its loop.
  Expr iteration;                  ///< Of the sum's loop, until the prefetches are in it.

  using IRMutator::visit;

  Stmt visit(const For *loop) override {
    Expr *entered = loop->name == prefetch.loop ? &pass : loop->name == prefetch.terms ? &iteration : nullptr;
    if (!entered)
      return IRMutator::visit(loop);
    const Expr outside = *entered;
    *entered = Variable::make(Int(32), loop->name);
    Stmt result = IRMutator::visit(loop);
    *entered = outside;
    return result;
  }

  Stmt visit(const Store *store) override {
    FirstLoad load(prefetch.operand);
    if (iteration.defined())
      store->value.accept(&load);
    if (!load.found)
      return store;
    const Ramp *vector = load.found->index.as<Ramp>();
    const int bytes = load.found->type.bytes();
    const Expr term = iteration * prefetch.unrolled;
    const Expr block = (vector ? vector->base : load.found->index) - term * prefetch.elements;
    const Expr part = (pass * prefetch.count + term) * prefetch.elements / prefetch.passes;
    const Expr place = block + prefetch.ahead * prefetch.elements + part;
    iteration = Expr();
    Stmt result = store;
    for (int line = 0; line == 0 || line < prefetch.unrolled * prefetch.elements * bytes / prefetch.passes;
         line += lineBytes)
      result = Block::make(ask(place, bytes, line), result);
    return result;
  }

  /// For a line of the second-level cache. The address is calculated: a load of it would be one.
  Stmt ask(const Expr &element, int bytes, int line) const {
    const Expr start = reinterpret(UInt(64), Variable::make(type_of<void *>(), prefetch.operand));
    const Expr address = start + cast(UInt(64), cast(Int(64), element) * bytes + line);
    constexpr int read = 0, secondLevel = 2, data = 1; // LLVM declares it in each of Halide's modules.
    return Evaluate::make(Call::make(Int(32), "llvm.prefetch.p0",
                                     {reinterpret(type_of<void *>(), address), read, secondLevel, data}, Call::Extern));
  }
};

} // namespace

IRMutator *prefetchingPass(const Prefetch &prefetch) { return new Prefetcher(prefetch); }

} // namespace fovea
