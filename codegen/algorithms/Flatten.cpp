#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

Stage flatten(const OpSpec &op, const std::vector<Tensor> &in) {
  const int width = int(in[0].width()), area = width * int(in[0].height()), channels = int(in[0].channels());
  Expr k = min(c, area * channels - 1);
  return pointwise(op, select(c < area * channels, in[0].at(k / area, k % width, (k % area) / width, n), 0.0f));
}

Stage unflatten(const OpSpec &op, const std::vector<Tensor> &in) {
  const Tensor result{Func(), op.results[0]};
  const int width = int(result.width()), area = width * int(result.height()), channels = int(result.channels());
  return pointwise(op, select(c < channels, in[0].at(min(c, channels - 1) * area + y * width + x, 0, 0, n), 0.0f));
}

} // namespace fovea
