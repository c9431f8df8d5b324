#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

Expr accurateSigmoid(Expr v) { return 1.0f / (1.0f + exp(-clamp(v, -80.0f, 80.0f))); }

} // namespace

Stage sigmoidOp(const OpSpec &op, const std::vector<Tensor> &in) { return pointwise(op, accurateSigmoid(here(in[0]))); }

Stage sigmoidGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  Expr value = here(in[0]);
  return pointwise(op, here(in[1]) * value * (1.0f - value));
}

} // namespace fovea
