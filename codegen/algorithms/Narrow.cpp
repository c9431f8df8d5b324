#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

// Activations keep their order, with an even number of channels; in weights the inputs 2i and 2i + 1 of an output become
// neighbours, and one that there is not is zero. Their blocks may be parts of those before.
Stage narrow(const OpSpec &op, const std::vector<Tensor> &in) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  if (op.results[0].layout != LayoutKind::Weight)
    return pointwise(op, cast(BFloat(16), inOrderOf(op.results[0], in[0])));
  const int inputs = int(in[0].spec.spatial[0]), lanes = int(op.results[0].block), fromLanes = int(in[0].spec.block);
  Expr input = 2 * i + b % 2, output = block * lanes + b / 2;
  Expr value = in[0]({output % fromLanes, min(input, inputs - 1), kx, ky, output / fromLanes});
  return pointwise(op, cast(BFloat(16), inputs % 2 == 0 ? value : select(input < inputs, value, 0.0f)));
}

} // namespace fovea
