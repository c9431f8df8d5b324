#include "codegen/algorithms/Window.h"

namespace fovea {

using namespace Halide;

bool Window::alwaysInside(const TensorSpec &output) const {
  auto inside = [](const Axis &axis, int64_t outputs, int inputs) {
    return axis.before == 0 && (outputs - 1) * axis.stride + axis.kernel <= inputs;
  };
  return inside(row, output.shape[2], height) && inside(column, output.shape[3], width);
}

Window window(const OpSpec &op, const TensorSpec &input) {
  const auto kernel = list(op, "kernel", {1, 1});
  return {rows(op, kernel[0]), columns(op, kernel[1]), int(input.shape[3]), int(input.shape[2])};
}

Expr windowElement(const Tensor &in, const Window &w, bool inside, Expr dx, Expr dy, Expr outside) {
  Expr ix = vars.x * w.column.stride + dx - w.column.before, iy = vars.y * w.row.stride + dy - w.row.before;
  if (inside)
    return in.at(vars.c, ix, iy, vars.n);
  Expr valid = ix >= 0 && ix < w.width && iy >= 0 && iy < w.height;
  return select(valid, in.at(vars.c, clamp(ix, 0, w.width - 1), clamp(iy, 0, w.height - 1), vars.n), outside);
}

Expr gatherWindows(const Window &w, const Tensor &outputs,
                   const std::function<Share(Expr ox, Expr oy, Expr dx, Expr dy)> &share) {
  const Var &x = vars.x, &y = vars.y;
  const int width = int(outputs.width()), height = int(outputs.height());
  auto covering = [](const Axis &axis) { return (axis.kernel + axis.stride - 1) / axis.stride; };
  Expr sum;
  for (int back = 0; back < covering(w.row); ++back)
    for (int left = 0; left < covering(w.column); ++left) {
      Expr ox = (x + w.column.before) / w.column.stride - left, oy = (y + w.row.before) / w.row.stride - back;
      Expr dx = x + w.column.before - ox * w.column.stride, dy = y + w.row.before - oy * w.row.stride;
      Expr covered = ox >= 0 && ox < width && oy >= 0 && oy < height && dx < w.column.kernel && dy < w.row.kernel;
      const Share given = share(clamp(ox, 0, width - 1), clamp(oy, 0, height - 1), dx, dy);
      Expr gets = select(given.condition.defined() ? covered && given.condition : covered, given.value, 0.0f);
      sum = sum.defined() ? sum + gets : gets;
    }
  return sum;
}

} // namespace fovea
