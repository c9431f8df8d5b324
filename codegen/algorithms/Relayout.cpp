#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

// Between plain and channels-last, where padding lanes become zero; or a copy, as when one gradient goes to two weights.
Stage relayout(const OpSpec &op, const std::vector<Tensor> &in) {
  if (in[0].spec == op.results[0])
    return pointwise(op, here(in[0]));
  const Tensor result{Func(), op.results[0]};
  const TensorSpec &from = in[0].spec, &to = op.results[0];
  const int channels = int(result.channels());
  const int readable = from.layout == LayoutKind::Plain ? channels : int(from.block);
  const int written = to.layout == LayoutKind::Plain ? channels : int(to.block);
  Expr value = written <= readable ? in[0].at(c, x, y, n) : in[0].at(min(c, readable - 1), x, y, n);
  if (written > channels)
    value = select(c < channels, value, cast(value.type(), 0));
  return pointwise(op, value);
}

} // namespace fovea
