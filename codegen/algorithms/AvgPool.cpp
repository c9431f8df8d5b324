#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

struct Window {
  Axis row, column;
  int width, height, padRight, padBottom;
  std::string divisor;
};

Window window(const OpSpec &op, const TensorSpec &input) {
  const auto kernel = list(op, "kernel", {1, 1}), pad = list(op, "pad", {0, 0, 0, 0});
  return {rows(op, kernel[0]), columns(op, kernel[1]), int(input.shape[3]), int(input.shape[2]), int(pad[3]),
          int(pad[2]), text(op, "divisor", "padded")};
}

/// Elements that window `output` divides by along one axis: "padded" counts the padding but not what a rounded-up window
/// has beyond it (Caffe, PyTorch), "valid" counts real elements only.
Expr counted(const Axis &axis, Expr output, int inputs, int after, bool padding) {
  Expr first = output * axis.stride - axis.before, last = first + axis.kernel;
  return padding ? min(last, inputs + after) - first : min(last, inputs) - max(first, 0);
}

Expr scale(const Window &w, Expr x, Expr y) {
  if (w.divisor == "one")
    return 1.0f;
  const bool padding = w.divisor == "padded";
  Expr count = counted(w.column, x, w.width, w.padRight, padding) * counted(w.row, y, w.height, w.padBottom, padding);
  return 1.0f / cast<float>(max(count, 1));
}

bool alwaysInside(const Window &w, const TensorSpec &output) {
  auto inside = [](const Axis &axis, int64_t outputs, int inputs) {
    return axis.before == 0 && (outputs - 1) * axis.stride + axis.kernel <= inputs;
  };
  return inside(w.row, output.shape[2], w.height) && inside(w.column, output.shape[3], w.width);
}

} // namespace

Stage avgPool(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &in = operands[0];
  const Window w = window(op, in.spec);
  const bool inside = alwaysInside(w, op.results[0]);
  auto element = [&](Expr dx, Expr dy) {
    Expr ix = x * w.column.stride + dx - w.column.before, iy = y * w.row.stride + dy - w.row.before;
    Expr value = in.at(c, inside ? ix : clamp(ix, 0, w.width - 1), inside ? iy : clamp(iy, 0, w.height - 1), n);
    return inside ? value : select(ix >= 0 && ix < w.width && iy >= 0 && iy < w.height, value, 0.0f);
  };
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
  const bool whole = inside && w.divisor != "one";
  Func pool("avg_pool");
  pool(dimensions(op.results[0])) =
      whole ? sum * float(1.0 / (w.row.kernel * w.column.kernel)) : sum * scale(w, x, y);
  return {.results = {{pool, op.results[0]}}};
}

Stage avgPoolGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &gradient = operands[0];
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
      Expr share = select(covered, gradient.at(c, cx, cy, n) * scale(w, cx, cy), 0.0f);
      sum = sum.defined() ? sum + share : share;
    }
  Func result("avg_pool_gradient");
  result(dimensions(op.results[0])) = sum;
  return {.results = {{result, op.results[0]}}};
}

} // namespace fovea
