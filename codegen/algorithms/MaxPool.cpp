#include "codegen/algorithms/Window.h"

namespace fovea {

using namespace Halide;

Stage maxPool(const OpSpec &op, const std::vector<Tensor> &operands) {
  const Tensor &in = operands[0];
  const Window w = window(op, in.spec);
  const bool inside = w.alwaysInside(op.results[0]);
  Func pool("max_pool");
  Expr best;
  for (int dy = 0; dy < w.row.kernel; ++dy)
    for (int dx = 0; dx < w.column.kernel; ++dx) {
      Expr value = windowElement(in, w, inside, dx, dy, Float(32).min());
      best = best.defined() ? max(best, value) : value;
    }
  pool(dimensions(op.results[0])) = best;
  return {.results = {{pool, op.results[0]}}};
}

// The index counts the window's elements row by row; the first of equal maxima wins, as in PyTorch and Caffe.
Stage maxPoolIndices(const OpSpec &op, const std::vector<Tensor> &operands) {
  const Tensor &in = operands[0];
  const Window w = window(op, in.spec);
  const bool inside = w.alwaysInside(op.results[0]);
  Func pool("max_pool_indices");
  Expr best, where;
  for (int dy = 0; dy < w.row.kernel; ++dy)
    for (int dx = 0; dx < w.column.kernel; ++dx) {
      Expr value = windowElement(in, w, inside, dx, dy, Float(32).min()), index = cast<uint8_t>(dy * w.column.kernel + dx);
      where = where.defined() ? select(value > best, index, where) : index;
      best = best.defined() ? max(best, value) : value;
    }
  pool(dimensions(op.results[0])) = Tuple(best, where);
  return {.results = {{pool, op.results[0], 0}, {pool, op.results[1], 1}}};
}

// Gathers: an input pixel looks at the few windows that cover it and takes the gradient of those whose maximum it was.
Stage maxPoolGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const Var &c = vars.c, &n = vars.n;
  const Tensor &indices = operands[0], &gradient = operands[1];
  const Window w = window(op, op.results[0]);
  Expr sum = gatherWindows(w, gradient, [&](Expr ox, Expr oy, Expr dx, Expr dy) -> Share {
    return {gradient.at(c, ox, oy, n), indices.at(c, ox, oy, n) == cast<uint8_t>(dy * w.column.kernel + dx)};
  });
  Func result("max_pool_gradient");
  result(dimensions(op.results[0])) = sum;
  return {.results = {{result, op.results[0]}}};
}

} // namespace fovea
