#include "codegen/algorithms/Window.h"

namespace fovea {

using namespace Halide;

namespace {

std::string divisorOf(const OpSpec &op) { return text(op, "divisor", "padded"); }

/// Elements that window `output` divides by along one axis: "padded" counts the padding but not what a rounded-up window
/// has beyond it (Caffe, PyTorch), "valid" counts real elements only.
Expr counted(const Axis &axis, Expr output, int inputs, int after, bool padding) {
  Expr first = output * axis.stride - axis.before, last = first + axis.kernel;
  return padding ? min(last, inputs + after) - first : min(last, inputs) - max(first, 0);
}

/// What the sum of window (x, y) is multiplied by.
Expr scale(const OpSpec &op, const Window &w, Expr x, Expr y) {
  if (divisorOf(op) == "one")
    return 1.0f;
  const bool padding = divisorOf(op) == "padded";
  const auto pad = list(op, "pad", {0, 0, 0, 0});
  Expr count = counted(w.column, x, w.width, int(pad[3]), padding) * counted(w.row, y, w.height, int(pad[2]), padding);
  return 1.0f / cast<float>(max(count, 1));
}

} // namespace

Stage avgPool(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &in = operands[0];
  const Window w = window(op, in.spec);
  const bool inside = w.alwaysInside(op.results[0]);
  auto element = [&](Expr dx, Expr dy) { return windowElement(in, w, inside, dx, dy, 0.0f); };
  Expr sum;
  if (w.row.kernel * w.column.kernel > 64) { // As one expression it would take long to compile.
    RDom r(0, w.column.kernel, 0, w.row.kernel, "window");
    Func windowSum("window_sum");
    windowSum(c, x, y, n) = 0.0f;
    windowSum(c, x, y, n) += element(r.x, r.y);
    sum = windowSum(c, x, y, n);
  } else {
    for (int dy = 0; dy < w.row.kernel; ++dy)
      for (int dx = 0; dx < w.column.kernel; ++dx)
        sum = sum.defined() ? sum + element(dx, dy) : element(dx, dy);
  }
  const bool whole = inside && divisorOf(op) != "one";
  Func pool("avg_pool");
  pool(dimensions(op.results[0])) =
      whole ? sum * float(1.0 / (w.row.kernel * w.column.kernel)) : sum * scale(op, w, x, y);
  return {.results = {{pool, op.results[0]}}};
}

Stage avgPoolGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const Tensor &gradient = operands[0];
  const Window w = window(op, op.results[0]);
  Expr sum = gatherWindows(w, gradient, [&](Expr ox, Expr oy, Expr, Expr) -> Share {
    return {gradient.at(vars.c, ox, oy, vars.n) * scale(op, w, ox, oy), {}};
  });
  Func result("avg_pool_gradient");
  result(dimensions(op.results[0])) = sum;
  return {.results = {{result, op.results[0]}}};
}

} // namespace fovea
