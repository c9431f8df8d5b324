#include "codegen/algorithms/Softmax.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

/// Zero in the padding lanes, where an exponential of nothing may be infinite.
Expr realChannels(const TensorSpec &spec, Expr value) {
  return spec.block == spec.shape[1] ? value : select(c < int(spec.shape[1]), value, 0.0f);
}

} // namespace

std::vector<Var> pixel(const TensorSpec &spec) {
  return spec.shape.size() == 4 ? std::vector<Var>{x, y, n} : std::vector<Var>{n};
}

Exponentials exponentials(const Tensor &in, float sign, std::vector<Func> &stages) {
  RDom r(0, int(in.channels()), "channel");
  auto at = pixel(in.spec);
  Exponentials e{Func("exponential"), Func("total"), Func("largest")};
  e.largest(at) = Float(32).min();
  e.largest(at) = max(e.largest(at), sign * in.at(r, x, y, n));
  std::vector<Var> all = at;
  all.insert(all.begin(), c);
  e.value(all) = exp(sign * in.at(c, x, y, n) - e.largest(exprs(at)));
  std::vector<Expr> reduced = exprs(at);
  reduced.insert(reduced.begin(), Expr(r));
  e.total(at) = 0.0f;
  e.total(at) += e.value(reduced);
  stages.push_back(e.largest);
  stages.push_back(e.total);
  return e;
}

Stage softmaxOp(const OpSpec &op, const std::vector<Tensor> &in) {
  Stage stage;
  auto e = exponentials(in[0], 1.0f, stage.perImage);
  auto at = exprs(pixel(in[0].spec)), all = at;
  all.insert(all.begin(), Expr(c));
  Func f("softmax");
  f(dimensions(op.results[0])) = realChannels(op.results[0], e.value(all) / e.total(at));
  stage.results = {{f, op.results[0]}};
  return stage;
}

// dv_c = y_c (dy_c - sum_k y_k dy_k).
Stage softmaxGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  auto at = pixel(in[0].spec);
  RDom r(0, int(in[0].channels()), "channel");
  Func dot("dot"), f("softmax_gradient");
  dot(at) = 0.0f;
  dot(at) += in[0].at(r, x, y, n) * in[1].at(r, x, y, n);
  f(dimensions(op.results[0])) =
      realChannels(op.results[0], in[0].at(c, x, y, n) * (in[1].at(c, x, y, n) - dot(exprs(at))));
  return {.results = {{f, op.results[0]}}, .perImage = {dot}};
}

} // namespace fovea
