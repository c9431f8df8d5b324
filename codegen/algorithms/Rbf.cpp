#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

Stage rbf(const OpSpec &op, const std::vector<Tensor> &in) {
  const int lanes = int(in[1].spec.block), outputs = int(op.results[0].shape[1]);
  RDom r(0, int(in[0].channels()), "r");
  Func sum("rbf"), f("rbf_masked");
  Expr difference = in[0].at(r, 0, 0, n) - in[1]({c % lanes, r, 0, 0, c / lanes});
  sum(c, n) = 0.0f;
  sum(c, n) += difference * difference;
  f(c, n) = select(c < outputs, sum(c, n), 0.0f);
  return {.results = {{f, op.results[0]}}, .perImage = {sum}};
}

Stage rbfInputGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  const int lanes = int(in[1].spec.block), inputs = int(op.results[0].shape[1]);
  RDom r(0, int(in[2].channels()), "r");
  Func sum("rbf_input_gradient_sum"), f("rbf_input_gradient");
  Expr k = min(c, inputs - 1);
  sum(c, n) = 0.0f;
  sum(c, n) += 2.0f * in[2].at(r, 0, 0, n) * (in[0].at(k, 0, 0, n) - in[1]({r % lanes, k, 0, 0, r / lanes}));
  f(c, n) = select(c < inputs, sum(c, n), 0.0f);
  return {.results = {{f, op.results[0]}}, .perImage = {sum}};
}

} // namespace fovea
