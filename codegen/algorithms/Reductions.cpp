// softmax, rbf, the losses and the gradients that need a sum over channels or images; sgd_update.
#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

std::vector<Var> pixel(const TensorSpec &spec) {
  return spec.shape.size() == 4 ? std::vector<Var>{x, y, n} : std::vector<Var>{n};
}

std::vector<Expr> exprs(const std::vector<Var> &variables) { return {variables.begin(), variables.end()}; }

/// exp(v - max over channels) and its sum, over the real channels only.
struct Exponentials {
  Func value, total, largest;
};

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

/// Zero in the padding lanes, where an exponential of nothing may be infinite.
Expr realChannels(const TensorSpec &spec, Expr value) {
  return spec.block == spec.shape[1] ? value : select(c < int(spec.shape[1]), value, 0.0f);
}

} // namespace

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

Stage softmaxCrossEntropy(const OpSpec &op, const std::vector<Tensor> &in) {
  Stage stage;
  auto e = exponentials(in[0], 1.0f, stage.perImage);
  Expr label = clamp(in[1].at(0, 0, 0, n), 0, int(in[0].channels()) - 1);
  std::vector<Expr> at = exprs(pixel(in[0].spec));
  if (at.size() == 3)
    at = {0, 0, n};
  Func f("softmax_cross_entropy");
  f(n) = log(e.total(at)) - (in[0].at(label, 0, 0, n) - e.largest(at));
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
  Func f("softmax_cross_entropy_gradient");
  f(dimensions(op.results[0])) =
      select(counts, in[2].at(3, 0, 0, 3) * (e.value(all) / e.total(at) - oneHot), 0.0f);
  stage.results = {{f, op.results[0]}};
  return stage;
}

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

Stage scaleCoefficientGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  RDom images(0, int(in[0].images()), "images");
  if (in[0].spec.shape.size() == 2) {
    Func total("scale_coefficient_gradient");
    total(c) = 0.0f;
    total(c) += in[0].at(c, 0, 0, images) * in[1].at(c, 0, 0, images);
    return {.results = {{total, op.results[0]}}, .sum = total, .reduction = {images.x}};
  }
  RDom pixels(0, int(in[0].width()), 0, int(in[0].height()), "pixels");
  Func sum("image_sum"), total("scale_coefficient_gradient");
  sum(c, n) = 0.0f;
  sum(c, n) += in[0].at(c, pixels.x, pixels.y, n) * in[1].at(c, pixels.x, pixels.y, n);
  total(c) = 0.0f;
  total(c) += sum(c, images);
  return {.results = {{total, op.results[0]}}, .sum = sum, .reduction = {pixels.x, pixels.y}, .last = total};
}

// Caffe's form, with the decay and the rate inside the velocity: v' = m v + lr (g + wd w); w' = w - v'.
Stage sgdUpdate(const OpSpec &op, const std::vector<Tensor> &in) {
  auto arguments = dimensions(op.results[0]);
  auto at = exprs(arguments);
  auto scalar = [&](int index) { return in[3].at(index, 0, 0, index); };
  Expr rate = scalar(0) * float(number(op, "lr_mult", 1)), decay = scalar(2) * float(number(op, "decay_mult", 1));
  Func f("sgd_update");
  Expr velocity = scalar(1) * in[2](at) + rate * (in[1](at) + decay * in[0](at));
  f(arguments) = Tuple(in[0](at) - velocity, velocity);
  return {.results = {{f, op.results[0], 0}, {f, op.results[1], 1}}};
}

} // namespace fovea
