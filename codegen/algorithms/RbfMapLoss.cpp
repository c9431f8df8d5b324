#include "codegen/algorithms/Softmax.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

// The MAP criterion of LeNet-5 (LeCun et al. 1998, section V): y_label + log(e^-j + sum_i e^-y_i).
Stage rbfMapLoss(const OpSpec &op, const std::vector<Tensor> &in) {
  Stage stage;
  auto e = exponentials(in[0], -1.0f, stage.perImage);
  const float j = float(number(op, "j", 0.1));
  Expr label = clamp(in[1].at(0, 0, 0, n), 0, int(in[0].channels()) - 1);
  // With m = max(-y): log(e^-j + sum e^-y) = m + log(e^(-j-m) + sum e^(-y-m)); m is bounded below by -j for safety.
  Expr shift = max(e.largest(n), -j);
  Func f("rbf_map_loss");
  f(n) = in[0].at(label, 0, 0, n) + shift + log(exp(-j - shift) + e.total(n) * exp(e.largest(n) - shift));
  stage.results = {{f, op.results[0]}};
  return stage;
}

Stage rbfMapLossGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  Stage stage;
  auto e = exponentials(in[0], -1.0f, stage.perImage);
  const float j = float(number(op, "j", 0.1));
  const int channels = int(in[0].channels());
  Expr shift = max(e.largest(n), -j), rescale = exp(e.largest(n) - shift);
  Expr total = exp(-j - shift) + e.total(n) * rescale;
  Expr oneHot = select(c == in[1].at(0, 0, 0, n), 1.0f, 0.0f);
  Expr counts = c < channels && cast<float>(n) < in[2].at(4, 0, 0, 4);
  Func f("rbf_map_loss_gradient");
  f(dimensions(op.results[0])) =
      select(counts, in[2].at(3, 0, 0, 3) * (oneHot - e.value(c, n) * rescale / total), 0.0f);
  stage.results = {{f, op.results[0]}};
  return stage;
}

} // namespace fovea
