#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

/// tanh to a few units in the last place: a polynomial near zero, where the exponential form would cancel (Cephes, tanhf).
Expr accurateTanh(Expr v) {
  Expr square = v * v;
  Expr polynomial = -5.70498872745e-3f;
  polynomial = polynomial * square + 2.06390887954e-2f;
  polynomial = polynomial * square + -5.37397155531e-2f;
  polynomial = polynomial * square + 1.33314422036e-1f;
  polynomial = polynomial * square + -3.33332819422e-1f;
  Expr small = v + v * square * polynomial;
  Expr magnitude = min(abs(v), 20.0f);
  Expr large = 1.0f - 2.0f / (exp(2.0f * magnitude) + 1.0f);
  return select(abs(v) < 0.625f, small, select(v < 0.0f, -large, large));
}

} // namespace

Stage tanhOp(const OpSpec &op, const std::vector<Tensor> &in) {
  const float amplitude = float(number(op, "amplitude", 1)), slope = float(number(op, "slope", 1));
  return pointwise(op, amplitude * accurateTanh(slope * here(in[0])));
}

// y = a tanh(s v): dy/dv = s (a - y^2 / a).
Stage tanhGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  const float amplitude = float(number(op, "amplitude", 1)), slope = float(number(op, "slope", 1));
  Expr value = here(in[0]);
  return pointwise(op, here(in[1]) * (slope * (amplitude - value * value * (1.0f / amplitude))));
}

} // namespace fovea
