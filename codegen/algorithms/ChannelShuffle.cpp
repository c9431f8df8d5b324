#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

Stage channelShuffle(const OpSpec &op, const std::vector<Tensor> &in) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const int channels = int(in[0].channels()), groups = int(integer(op, "groups", 1)), perGroup = channels / groups;
  Expr k = min(c, channels - 1);
  return pointwise(op, select(c < channels, in[0].at(k % groups * perGroup + k / groups, x, y, n), 0.0f));
}

} // namespace fovea
