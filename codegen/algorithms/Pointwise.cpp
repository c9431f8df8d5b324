// relu, tanh, sigmoid and their gradients; add, mul, scale, relayout, concat, slice, flatten, unflatten.
#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

Stage pointwise(const OpSpec &op, Expr value) {
  Func f(op.op);
  f(dimensions(op.results[0])) = value;
  return {.results = {{f, op.results[0]}}};
}

/// The element of `operand` that stands where the result's element stands.
Expr here(const Tensor &operand) {
  if (operand.spec.layout == LayoutKind::Weight || operand.spec.layout == LayoutKind::WeightTransposed)
    return operand({b, i, kx, ky, block});
  return operand.at(c, x, y, n);
}

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

Expr accurateSigmoid(Expr v) { return 1.0f / (1.0f + exp(-clamp(v, -80.0f, 80.0f))); }

} // namespace

Stage relu(const OpSpec &op, const std::vector<Tensor> &in) { return pointwise(op, max(here(in[0]), 0.0f)); }

Stage tanhOp(const OpSpec &op, const std::vector<Tensor> &in) {
  const float amplitude = float(number(op, "amplitude", 1)), slope = float(number(op, "slope", 1));
  return pointwise(op, amplitude * accurateTanh(slope * here(in[0])));
}

Stage sigmoidOp(const OpSpec &op, const std::vector<Tensor> &in) { return pointwise(op, accurateSigmoid(here(in[0]))); }

Stage reluGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  return pointwise(op, select(here(in[0]) > 0.0f, here(in[1]), 0.0f));
}

// y = a tanh(s v): dy/dv = s (a - y^2 / a).
Stage tanhGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  const float amplitude = float(number(op, "amplitude", 1)), slope = float(number(op, "slope", 1));
  Expr value = here(in[0]);
  return pointwise(op, here(in[1]) * (slope * (amplitude - value * value * (1.0f / amplitude))));
}

Stage sigmoidGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  Expr value = here(in[0]);
  return pointwise(op, here(in[1]) * value * (1.0f - value));
}

Stage add(const OpSpec &op, const std::vector<Tensor> &in) { return pointwise(op, here(in[0]) + here(in[1])); }
Stage mul(const OpSpec &op, const std::vector<Tensor> &in) { return pointwise(op, here(in[0]) * here(in[1])); }

Stage scaleOp(const OpSpec &op, const std::vector<Tensor> &in) {
  Expr value = here(in[0]) * in[1].at(c, 0, 0, 0);
  return pointwise(op, in.size() == 3 ? value + in[2].at(c, 0, 0, 0) : value);
}

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
