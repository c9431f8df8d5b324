#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

// Lane b of a block holds filter block * lanes + b. The last block may have lanes without one, more of them than the
// coefficients are padded to.
Stage scaleFilters(const OpSpec &op, const std::vector<Tensor> &in) {
  const TensorSpec &weight = in[0].spec;
  const int lanes = int(weight.block), filters = int(weight.shape[0]);
  Expr filter = block * lanes + b;
  if (filters % lanes == 0)
    return pointwise(op, here(in[0]) * in[1].at(filter, 0, 0, 0));
  return pointwise(op, select(filter < filters, here(in[0]) * in[1].at(min(filter, filters - 1), 0, 0, 0), 0.0f));
}

Stage scaleBias(const OpSpec &op, const std::vector<Tensor> &in) {
  Expr value = here(in[0]) * here(in[1]);
  return pointwise(op, in.size() == 3 ? value + here(in[2]) : value);
}

} // namespace fovea
