#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

// Caffe's form, with the decay and the rate inside the velocity: v' = m v + lr (g + wd w); w' = w - v'. Strict, so that
// it gives the same bits behind the sum that makes the gradient, which would else be reordered with it, as from memory.
Stage sgdUpdate(const OpSpec &op, const std::vector<Tensor> &in) {
  auto arguments = dimensions(op.results[0]);
  auto at = exprs(arguments);
  auto scalar = [&](int index) { return in[3].at(index, 0, 0, index); };
  Expr rate = scalar(0) * float(number(op, "lr_mult", 1)), decay = scalar(2) * float(number(op, "decay_mult", 1));
  Func f("sgd_update");
  Expr velocity = strict_float(scalar(1) * in[2](at) + rate * (in[1](at) + decay * in[0](at)));
  f(arguments) = Tuple(in[0](at) - velocity, velocity);
  return {.results = {{f, op.results[0], 0}, {f, op.results[1], 1}}};
}

} // namespace fovea
