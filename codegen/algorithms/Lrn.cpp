#include "codegen/algorithms/Tensor.h"

#include <functional>

namespace fovea {

using namespace Halide;

namespace {

/// The numbers of a local response normalization (Krizhevsky et al. 2012, section 3.3).
struct Normalization {
  int before, after; ///< Neighbours on either side that the sum reads.
  float k, alpha, beta;
  bool within;

  explicit Normalization(const OpSpec &op)
      : before(int(integer(op, "size", 1) - 1) / 2), after(int(integer(op, "size", 1)) - 1 - before),
        k(float(number(op, "k", 1))), alpha(float(number(op, "alpha", 0))), beta(float(number(op, "beta", 0))),
        within(text(op, "region", "across") == "within") {}
};

/// base^-exponent for a positive base. The papers' 0.75 as a root of an inverse root: with one step of Newton's method its
/// relative error is 4e-7, at half the time of the logarithm and exponential.
Expr inversePower(Expr base, float exponent) {
  if (exponent != 0.75f && exponent != 0.5f)
    return exponent == 1.0f ? 1.0f / base : exp(-exponent * log(base));
  Expr root = fast_inverse_sqrt(base);
  root = root * (1.5f - 0.5f * base * root * root);
  return exponent == 0.5f ? root : root * sqrt(root);
}

/// The sum of `value` over the neighbours first ... last of (c, x, y, n), across channels or within one.
Expr neighbours(const Normalization &lrn, int first, int last, const std::function<Expr(Expr c, Expr x, Expr y)> &value) {
  Expr sum;
  for (int row = lrn.within ? first : 0; row <= (lrn.within ? last : 0); ++row)
    for (int step = first; step <= last; ++step) {
      Expr next = lrn.within ? value(vars.c, vars.x + step, vars.y + row) : value(vars.c + step, vars.x, vars.y);
      sum = sum.defined() ? sum + next : next;
    }
  return sum;
}

/// `value` where (c, x, y) is an element of `in`, else 0. `value` is asked for a place that is always inside.
Expr inside(const Normalization &lrn, const Tensor &in, Expr c, Expr x, Expr y,
            const std::function<Expr(Expr c, Expr x, Expr y)> &value) {
  const int channels = int(in.channels()), width = int(in.width()), height = int(in.height());
  if (!lrn.within)
    return select(c >= 0 && c < channels, value(clamp(c, 0, channels - 1), x, y), 0.0f);
  return select(x >= 0 && x < width && y >= 0 && y < height, value(c, clamp(x, 0, width - 1), clamp(y, 0, height - 1)),
                0.0f);
}

/// k + alpha * (sum of squares), as a function of its own; the squares are one too, listed in `helpers`.
Func normalizer(const Normalization &lrn, const Tensor &in, std::vector<Func> &helpers) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  Func square("lrn_square"), sum("lrn_sum");
  square(c, x, y, n) = inside(lrn, in, c, x, y, [&](Expr at, Expr column, Expr row) {
    Expr element = in.at(at, column, row, n);
    return element * element;
  });
  sum(c, x, y, n) = lrn.k + lrn.alpha * neighbours(lrn, -lrn.before, lrn.after, [&](Expr at, Expr column, Expr row) {
                      return square(at, column, row, n);
                    });
  helpers.push_back(square);
  return sum;
}

} // namespace

Stage lrn(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Normalization numbers(op);
  Stage stage;
  Func sum = normalizer(numbers, operands[0], numbers.within ? stage.planes : stage.rows), result("lrn");
  result(c, x, y, n) = operands[0].at(c, x, y, n) * inversePower(sum(c, x, y, n), numbers.beta);
  stage.results = {{result, op.results[0]}};
  return stage;
}

// With u the normalizer, y = x u^-beta; so dx = dy u^-beta - 2 alpha beta x * (sum of dy x u^(-beta-1) over the elements
// whose sums x is in): the neighbours the other way round.
Stage lrnGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Normalization numbers(op);
  const Tensor &in = operands[0], &gradient = operands[1];
  Stage stage;
  std::vector<Func> &helpers = numbers.within ? stage.planes : stage.rows;
  Func sum = normalizer(numbers, in, helpers), power("lrn_power"), share("lrn_share"), result("lrn_gradient");
  power(c, x, y, n) = inversePower(sum(c, x, y, n), numbers.beta);
  share(c, x, y, n) = inside(numbers, in, c, x, y, [&](Expr at, Expr column, Expr row) {
    return gradient.at(at, column, row, n) * in.at(at, column, row, n) * power(at, column, row, n) /
           sum(at, column, row, n);
  });
  helpers.push_back(sum);
  helpers.push_back(power);
  helpers.push_back(share);
  Expr others = neighbours(numbers, -numbers.after, numbers.before,
                           [&](Expr at, Expr column, Expr row) { return share(at, column, row, n); });
  Expr value = gradient.at(c, x, y, n) * power(c, x, y, n) -
               2.0f * numbers.alpha * numbers.beta * in.at(c, x, y, n) * others;
  result(c, x, y, n) = in.padded() ? select(c < int(in.channels()), value, 0.0f) : value;
  stage.results = {{result, op.results[0]}};
  return stage;
}

} // namespace fovea
