#include "test/codegen/numeric/Reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fovea::test {

namespace {

using Arrays = std::vector<Array>;

template <typename Function> Arrays map(const Array &a, Function function) {
  Array result(a.shape);
  for (int64_t flat = 0; flat < a.size(); ++flat)
    result.values[flat] = function(a.values[flat]);
  return {result};
}

template <typename Function> Arrays zip(const Array &a, const Array &b, Function function) {
  Array result(a.shape);
  for (int64_t flat = 0; flat < a.size(); ++flat)
    result.values[flat] = function(a.values[flat], b.values[flat]);
  return {result};
}

int64_t pixels(const Array &a) { return a.extent(2) * a.extent(3); }
int64_t channelOf(const Array &a, int64_t flat) { return flat / pixels(a) % a.extent(1); }
int64_t imageOf(const Array &a, int64_t flat) { return flat / pixels(a) / a.extent(1); }

/// The values of one pixel across the channels.
std::vector<double> channelsAt(const Array &a, int64_t image, int64_t pixel) {
  std::vector<double> values;
  for (int64_t c = 0; c < a.shape[1]; ++c)
    values.push_back(a.values[(image * a.shape[1] + c) * pixels(a) + pixel]);
  return values;
}

/// log(sum of exp(values)).
double logSum(const std::vector<double> &values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (double value : values)
    sum += std::exp(value - largest);
  return largest + std::log(sum);
}

std::vector<double> negated(std::vector<double> values) {
  for (double &value : values)
    value = -value;
  return values;
}

Array softmaxOf(const Array &x) {
  Array y(x.shape);
  for (int64_t flat = 0; flat < x.size(); ++flat)
    y.values[flat] = std::exp(x.values[flat] - logSum(channelsAt(x, imageOf(x, flat), flat % pixels(x))));
  return y;
}

Arrays softmaxGradient(const OpSpec &, const Arrays &in) {
  const Array &y = in[0], &dy = in[1];
  Array dx(y.shape);
  for (int64_t flat = 0; flat < y.size(); ++flat) {
    const auto ys = channelsAt(y, imageOf(y, flat), flat % pixels(y)),
               ds = channelsAt(dy, imageOf(y, flat), flat % pixels(y));
    for (size_t k = 0; k < ys.size(); ++k) // The Jacobian, row by row: y_c ([c == k] - y_k).
      dx.values[flat] += ds[k] * y.values[flat] * ((int64_t(k) == channelOf(y, flat)) - ys[k]);
  }
  return {dx};
}

Arrays softmaxCrossEntropy(const OpSpec &op, const Arrays &in) {
  Array loss(op.results[0].shape);
  for (int64_t n = 0; n < loss.size(); ++n)
    loss(n) = numberOf(op, "weight", 1) * (logSum(channelsAt(in[0], n, 0)) - in[0](n, int64_t(in[1](n)))) +
              (in.size() > 2 ? in[2](n) : 0);
  return {loss};
}

Arrays softmaxCrossEntropyGradient(const OpSpec &op, const Arrays &in) {
  Array dx = softmaxOf(in[0]);
  for (int64_t flat = 0; flat < dx.size(); ++flat) {
    const int64_t n = imageOf(dx, flat);
    const double oneHot = channelOf(dx, flat) == int64_t(in[1](n));
    dx.values[flat] = double(n) < in[2](4) ? numberOf(op, "weight", 1) * in[2](3) * (dx.values[flat] - oneHot) : 0;
  }
  return {dx};
}

/// y_label + log(e^-j + sum_i e^-y_i).
Arrays rbfMapLoss(const OpSpec &op, const Arrays &in) {
  Array loss(op.results[0].shape);
  for (int64_t n = 0; n < loss.size(); ++n) {
    auto terms = negated(channelsAt(in[0], n, 0));
    terms.push_back(-numberOf(op, "j", 0));
    loss(n) = in[0](n, int64_t(in[1](n))) + logSum(terms);
  }
  return {loss};
}

Arrays rbfMapLossGradient(const OpSpec &op, const Arrays &in) {
  Array dy(in[0].shape);
  for (int64_t n = 0; n < dy.shape[0]; ++n) {
    auto terms = negated(channelsAt(in[0], n, 0));
    terms.push_back(-numberOf(op, "j", 0));
    const double total = logSum(terms);
    for (int64_t c = 0; c < dy.shape[1]; ++c)
      dy(n, c) = double(n) < in[2](4) ? in[2](3) * ((c == int64_t(in[1](n))) - std::exp(-in[0](n, c) - total)) : 0;
  }
  return {dy};
}

Arrays rbf(const OpSpec &op, const Arrays &in) {
  const Array &x = in[0], &centers = in[1];
  Array y(op.results[0].shape);
  for (int64_t n = 0; n < x.shape[0]; ++n)
    for (int64_t o = 0; o < centers.shape[0]; ++o)
      for (int64_t k = 0; k < centers.shape[1]; ++k)
        y(n, o) += std::pow(x(n, k) - centers(o, k), 2);
  return {y};
}

Arrays rbfInputGradient(const OpSpec &op, const Arrays &in) {
  const Array &x = in[0], &centers = in[1], &dy = in[2];
  Array dx(op.results[0].shape);
  for (int64_t n = 0; n < x.shape[0]; ++n)
    for (int64_t o = 0; o < centers.shape[0]; ++o)
      for (int64_t k = 0; k < centers.shape[1]; ++k)
        dx(n, k) += dy(n, o) * 2 * (x(n, k) - centers(o, k));
  return {dx};
}

Arrays scale(const OpSpec &, const Arrays &in) {
  Array y(in[0].shape);
  for (int64_t flat = 0; flat < y.size(); ++flat) {
    const int64_t c = channelOf(y, flat);
    y.values[flat] = in[0].values[flat] * in[1](c) + (in.size() == 3 ? in[2](c) : 0);
  }
  return {y};
}

/// The filters one after the other, in the logical order: all of the first, all of the second, ...
Arrays scaleFilters(const OpSpec &, const Arrays &in) {
  Array result = in[0];
  const int64_t perFilter = result.size() / result.shape[0];
  for (int64_t flat = 0; flat < result.size(); ++flat)
    result.values[flat] *= in[1](flat / perFilter);
  return {result};
}

Arrays scaleBias(const OpSpec &, const Arrays &in) {
  Array result = in[0];
  for (int64_t c = 0; c < result.size(); ++c)
    result(c) = result(c) * in[1](c) + (in.size() == 3 ? in[2](c) : 0);
  return {result};
}

Arrays scaleCoefficientGradient(const OpSpec &op, const Arrays &in) {
  Array result(op.results[0].shape);
  for (int64_t flat = 0; flat < in[0].size(); ++flat)
    result(channelOf(in[0], flat)) += in[0].values[flat] * in[1].values[flat];
  return {result};
}

Arrays concat(const OpSpec &op, const Arrays &in) {
  Array y(op.results[0].shape);
  int64_t first = 0;
  for (const Array &x : in) {
    for (int64_t flat = 0; flat < x.size(); ++flat)
      y.values[(imageOf(x, flat) * y.shape[1] + first + channelOf(x, flat)) * pixels(x) + flat % pixels(x)] =
          x.values[flat];
    first += x.shape[1];
  }
  return {y};
}

Arrays slice(const OpSpec &op, const Arrays &in) {
  const auto offset = int64_t(numberOf(op, "offset", 0));
  Array y(op.results[0].shape);
  for (int64_t flat = 0; flat < y.size(); ++flat)
    y.values[flat] = channelsAt(in[0], imageOf(y, flat), flat % pixels(y))[offset + channelOf(y, flat)];
  return {y};
}

/// flatten, unflatten, relayout, transpose_weight: the same elements in the same logical order.
Arrays same(const OpSpec &op, const Arrays &in) {
  Array y = in[0];
  y.shape = op.results[0].shape;
  return {y};
}

Arrays sgdUpdate(const OpSpec &op, const Arrays &in) {
  const Array &w = in[0], &g = in[1], &v = in[2], &scalars = in[3];
  Array w2(w.shape), v2(w.shape);
  for (int64_t k = 0; k < w.size(); ++k) {
    v2.values[k] =
        scalars(1) * v.values[k] + scalars(0) * numberOf(op, "lr_mult", 1) *
                                       (g.values[k] + scalars(2) * numberOf(op, "decay_mult", 1) * w.values[k]);
    w2.values[k] = w.values[k] - v2.values[k];
  }
  return {w2, v2};
}

Arrays tanhForward(const OpSpec &op, const Arrays &in) {
  const double a = numberOf(op, "amplitude", 1), s = numberOf(op, "slope", 1);
  return map(in[0], [=](double v) { return a * std::tanh(s * v); });
}

Arrays tanhGradient(const OpSpec &op, const Arrays &in) {
  const double a = numberOf(op, "amplitude", 1), s = numberOf(op, "slope", 1);
  return zip(in[0], in[1], [=](double y, double dy) { return dy * a * s * (1 - (y / a) * (y / a)); });
}

Arrays channelShuffle(const OpSpec &op, const Arrays &in) {
  const int64_t groups = int64_t(numberOf(op, "groups", 1)), perGroup = in[0].shape[1] / groups;
  Array y(in[0].shape);
  for (int64_t n = 0; n < y.extent(0); ++n)
    for (int64_t group = 0, from = 0; group < groups; ++group)
      for (int64_t member = 0; member < perGroup; ++member, ++from)
        for (int64_t row = 0; row < y.extent(2); ++row)
          for (int64_t column = 0; column < y.extent(3); ++column)
            y(n, member * groups + group, row, column) = in[0](n, from, row, column);
  return {y};
}

} // namespace

ReferenceOp elementReference(const std::string &op) {
  static const std::map<std::string, ReferenceOp> ops = {
      {"relu",
       [](auto &op, auto &in) {
         const double slope = numberOf(op, "slope", 0), most = numberOf(op, "max", 1e300);
         return map(in[0], [=](double v) { return v > most ? most : v > 0 ? v : slope * v; });
       }},
      {"sigmoid", [](auto &, auto &in) { return map(in[0], [](double v) { return 1 / (1 + std::exp(-v)); }); }},
      {"tanh", tanhForward},
      {"softmax", [](auto &, auto &in) { return Arrays{softmaxOf(in[0])}; }},
      {"relu_gradient",
       [](auto &op, auto &in) {
         const double slope = numberOf(op, "slope", 0), most = numberOf(op, "max", 1e300);
         return zip(in[0], in[1], [=](double y, double dy) { return y >= most ? 0 : y > 0 ? dy : slope * dy; });
       }},
      {"sigmoid_gradient",
       [](auto &, auto &in) { return zip(in[0], in[1], [](double y, double dy) { return dy * y * (1 - y); }); }},
      {"tanh_gradient", tanhGradient},
      {"softmax_gradient", softmaxGradient},
      {"add", [](auto &, auto &in) { return zip(in[0], in[1], [](double a, double b) { return a + b; }); }},
      {"mul", [](auto &, auto &in) { return zip(in[0], in[1], [](double a, double b) { return a * b; }); }},
      {"scale", scale},
      {"scale_coefficient_gradient", scaleCoefficientGradient},
      {"scale_filters", scaleFilters},
      {"scale_bias", scaleBias},
      {"concat", concat},
      {"slice", slice},
      {"channel_shuffle", channelShuffle},
      {"flatten", same},
      {"unflatten", same},
      {"relayout", same},
      {"narrow", [](auto &op, auto &in) { Arrays y = same(op, in); for (double &value : y[0].values) value = toBf16(value); return y; }},
      {"transpose_weight", same},
      {"rbf", rbf},
      {"rbf_input_gradient", rbfInputGradient},
      {"softmax_cross_entropy", softmaxCrossEntropy},
      {"softmax_cross_entropy_gradient", softmaxCrossEntropyGradient},
      {"rbf_map_loss", rbfMapLoss},
      {"rbf_map_loss_gradient", rbfMapLossGradient},
      {"sgd_update", sgdUpdate},
  };
  auto found = ops.find(op);
  return found == ops.end() ? nullptr : found->second;
}

} // namespace fovea::test
