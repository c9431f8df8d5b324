#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

Stage relu(const OpSpec &op, const std::vector<Tensor> &in) { return pointwise(op, max(here(in[0]), 0.0f)); }

Stage reluGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  return pointwise(op, select(here(in[0]) > 0.0f, here(in[1]), 0.0f));
}

} // namespace fovea
