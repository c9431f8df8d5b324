#include "codegen/algorithms/Tensor.h"

#include <limits>

namespace fovea {

using namespace Halide;

namespace {

struct Window {
  Axis row, column;
  int width, height; ///< Of the pooled input.
};

Window window(const OpSpec &op, const TensorSpec &input) {
  const auto kernel = list(op, "kernel", {1, 1});
  return {rows(op, kernel[0]), columns(op, kernel[1]), int(input.shape[3]), int(input.shape[2])};
}

/// Whether no window leaves the input.
bool alwaysInside(const Window &w, const TensorSpec &output) {
  auto inside = [](const Axis &axis, int64_t outputs, int inputs) {
    return axis.before == 0 && (outputs - 1) * axis.stride + axis.kernel <= inputs;
  };
  return inside(w.row, output.shape[2], w.height) && inside(w.column, output.shape[3], w.width);
}

/// The window's element at (dx, dy); the least float outside the input.
Expr element(const Tensor &in, const Window &w, bool inside, int dx, int dy) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  Expr ix = x * w.column.stride + dx - w.column.before, iy = y * w.row.stride + dy - w.row.before;
  if (inside)
    return in.at(c, ix, iy, n);
  Expr valid = ix >= 0 && ix < w.width && iy >= 0 && iy < w.height;
  return select(valid, in.at(c, clamp(ix, 0, w.width - 1), clamp(iy, 0, w.height - 1), n), Float(32).min());
}

} // namespace

Stage maxPool(const OpSpec &op, const std::vector<Tensor> &operands) {
  const Tensor &in = operands[0];
  const Window w = window(op, in.spec);
  const bool inside = alwaysInside(w, op.results[0]);
  Func pool("max_pool");
  Expr best;
  for (int dy = 0; dy < w.row.kernel; ++dy)
    for (int dx = 0; dx < w.column.kernel; ++dx) {
      Expr value = element(in, w, inside, dx, dy);
      best = best.defined() ? max(best, value) : value;
    }
  pool(dimensions(op.results[0])) = best;
  return {.results = {{pool, op.results[0]}}};
}

// The index counts the window's elements row by row; the first of equal maxima wins, as in PyTorch and Caffe.
Stage maxPoolIndices(const OpSpec &op, const std::vector<Tensor> &operands) {
  const Tensor &in = operands[0];
  const Window w = window(op, in.spec);
  const bool inside = alwaysInside(w, op.results[0]);
  Func pool("max_pool_indices");
  Expr best, where;
  for (int dy = 0; dy < w.row.kernel; ++dy)
    for (int dx = 0; dx < w.column.kernel; ++dx) {
      Expr value = element(in, w, inside, dx, dy), index = cast<uint8_t>(dy * w.column.kernel + dx);
      where = where.defined() ? select(value > best, index, where) : index;
      best = best.defined() ? max(best, value) : value;
    }
  pool(dimensions(op.results[0])) = Tuple(best, where);
  return {.results = {{pool, op.results[0], 0}, {pool, op.results[1], 1}}};
}

// Gathers: an input pixel looks at the few windows that cover it and takes the gradient of those whose maximum it was.
Stage maxPoolGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &indices = operands[0], &gradient = operands[1];
  const Window w = window(op, op.results[0]);
  const int width = int(gradient.width()), height = int(gradient.height());
  auto covering = [](const Axis &axis) { return (axis.kernel + axis.stride - 1) / axis.stride; };
  Expr sum;
  for (int back = 0; back < covering(w.row); ++back)
    for (int left = 0; left < covering(w.column); ++left) {
      Expr ox = (x + w.column.before) / w.column.stride - left, oy = (y + w.row.before) / w.row.stride - back;
      Expr dx = x + w.column.before - ox * w.column.stride, dy = y + w.row.before - oy * w.row.stride;
      Expr covered = ox >= 0 && ox < width && oy >= 0 && oy < height && dx < w.column.kernel && dy < w.row.kernel;
      Expr cx = clamp(ox, 0, width - 1), cy = clamp(oy, 0, height - 1);
      Expr index = cast<uint8_t>(dy * w.column.kernel + dx);
      Expr share = select(covered && indices.at(c, cx, cy, n) == index, gradient.at(c, cx, cy, n), 0.0f);
      sum = sum.defined() ? sum + share : share;
    }
  Func result("max_pool_gradient");
  result(dimensions(op.results[0])) = sum;
  return {.results = {{result, op.results[0]}}};
}

} // namespace fovea
