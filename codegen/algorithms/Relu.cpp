#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

Stage relu(const OpSpec &op, const std::vector<Tensor> &in) {
  const float slope = float(number(op, "slope", 0));
  Expr value = max(here(in[0]), slope == 0 ? Expr(0.0f) : here(in[0]) * slope);
  return pointwise(op, op.attributes.contains("max") ? min(value, float(number(op, "max", 0))) : value);
}

Stage reluGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  const float slope = float(number(op, "slope", 0));
  Expr y = here(in[0]), dy = here(in[1]), rising = y > 0.0f;
  if (op.attributes.contains("max"))
    rising = rising && y < float(number(op, "max", 0));
  if (slope == 0)
    return pointwise(op, select(rising, dy, 0.0f));
  return pointwise(op, select(rising, dy, y > 0.0f, 0.0f, dy * slope));
}

} // namespace fovea
