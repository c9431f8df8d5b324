#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

// Activations keep their order, with an even number of channels; in weights the inputs 2i and 2i + 1 of an output become
// neighbours, and one that there is not is zero.
Stage narrow(const OpSpec &op, const std::vector<Tensor> &in) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  if (op.results[0].layout != LayoutKind::Weight)
    return pointwise(op, cast(BFloat(16), inOrderOf(op.results[0], in[0])));
  const int inputs = int(in[0].spec.spatial[0]);
  Expr input = 2 * i + b % 2, value = in[0]({b / 2, min(input, inputs - 1), kx, ky, block});
  return pointwise(op, cast(BFloat(16), inputs % 2 == 0 ? value : select(input < inputs, value, 0.0f)));
}

} // namespace fovea
