#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

Stage concat(const OpSpec &op, const std::vector<Tensor> &in) {
  Expr value = 0.0f;
  int last = int(Tensor{Func(), op.results[0]}.channels());
  for (auto operand = in.rbegin(); operand != in.rend(); ++operand) {
    const int channels = int(operand->channels()), first = last - channels;
    value = select(c >= first && c < last, operand->at(clamp(c - first, 0, channels - 1), x, y, n), value);
    last = first;
  }
  return pointwise(op, value);
}

Stage slice(const OpSpec &op, const std::vector<Tensor> &in) {
  const int offset = int(integer(op, "offset", 0)), size = int(integer(op, "size", 1));
  return pointwise(op, select(c < size, in[0].at(offset + min(c, size - 1), x, y, n), 0.0f));
}

} // namespace fovea
