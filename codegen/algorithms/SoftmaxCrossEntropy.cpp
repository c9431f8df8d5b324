#include "codegen/algorithms/Softmax.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

Stage softmaxCrossEntropy(const OpSpec &op, const std::vector<Tensor> &in) {
  Stage stage;
  auto e = exponentials(in[0], 1.0f, stage.perImage);
  Expr label = clamp(in[1].at(0, 0, 0, n), 0, int(in[0].channels()) - 1);
  std::vector<Expr> at = exprs(pixel(in[0].spec));
  if (at.size() == 3)
    at = {0, 0, n};
  Func f("softmax_cross_entropy");
  Expr loss = log(e.total(at)) - (in[0].at(label, 0, 0, n) - e.largest(at));
  if (const double weight = number(op, "weight", 1); weight != 1)
    loss = loss * float(weight);
  if (in.size() > 2)
    loss = loss + in[2].at(0, 0, 0, n);
  f(n) = loss;
  stage.results = {{f, op.results[0]}};
  return stage;
}

Stage softmaxCrossEntropyGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  Stage stage;
  auto e = exponentials(in[0], 1.0f, stage.perImage);
  const int channels = int(in[0].channels());
  auto at = exprs(pixel(in[0].spec)), all = at;
  all.insert(all.begin(), Expr(c));
  Expr oneHot = select(c == in[1].at(0, 0, 0, n), 1.0f, 0.0f);
  Expr counts = c < channels && cast<float>(n) < in[2].at(4, 0, 0, 4);
  Expr scale = in[2].at(3, 0, 0, 3);
  if (const double weight = number(op, "weight", 1); weight != 1)
    scale = scale * float(weight);
  Func f("softmax_cross_entropy_gradient");
  f(dimensions(op.results[0])) =
      select(counts, scale * (e.value(all) / e.total(at) - oneHot), 0.0f);
  stage.results = {{f, op.results[0]}};
  return stage;
}

} // namespace fovea
