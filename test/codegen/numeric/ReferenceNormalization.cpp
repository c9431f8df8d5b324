// Local response and batch normalization, and dropout.
#include "test/codegen/numeric/Reference.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace fovea::test {

namespace {

using Arrays = std::vector<Array>;

/// Calls visit(n, c, y, x, other channel, other row, other column) for each element and each one in its sum.
template <typename Visit> void forNeighbours(const OpSpec &op, const std::vector<int64_t> &shape, Visit visit) {
  const int64_t size = int64_t(numberOf(op, "size", 1)), before = (size - 1) / 2;
  auto found = op.attributes.find("region");
  const bool within = found != op.attributes.end() && std::get<std::string>(found->second) == "within";
  for (int64_t n = 0; n < shape[0]; ++n)
    for (int64_t c = 0; c < shape[1]; ++c)
      for (int64_t y = 0; y < shape[2]; ++y)
        for (int64_t x = 0; x < shape[3]; ++x)
          for (int64_t first = 0; first < size; ++first)
            for (int64_t second = 0; second < (within ? size : 1); ++second) {
              const int64_t oc = within ? c : c - before + first, oy = within ? y - before + first : y,
                            ox = within ? x - before + second : x;
              if (oc >= 0 && oc < shape[1] && oy >= 0 && oy < shape[2] && ox >= 0 && ox < shape[3])
                visit(n, c, y, x, oc, oy, ox);
            }
}

/// k + alpha * the sum of squares.
Array normalizer(const OpSpec &op, const Array &x) {
  Array u(x.shape);
  for (double &value : u.values)
    value = numberOf(op, "k", 1);
  forNeighbours(op, x.shape, [&](auto n, auto c, auto y, auto column, auto oc, auto oy, auto ox) {
    u(n, c, y, column) += numberOf(op, "alpha", 0) * x(n, oc, oy, ox) * x(n, oc, oy, ox);
  });
  return u;
}

Arrays lrn(const OpSpec &op, const Arrays &in) {
  Array y = in[0];
  const Array u = normalizer(op, in[0]);
  for (int64_t flat = 0; flat < y.size(); ++flat)
    y.values[flat] *= std::pow(u.values[flat], -numberOf(op, "beta", 0));
  return {y};
}

/// Each y = x u^-b sends dy u^-b to its own x, and -2 a b x' dy x u^(-b-1) to every x' in its sum.
Arrays lrnGradient(const OpSpec &op, const Arrays &in) {
  const Array &x = in[0], &dy = in[1], u = normalizer(op, x);
  const double alpha = numberOf(op, "alpha", 0), beta = numberOf(op, "beta", 0);
  Array dx(x.shape);
  for (int64_t flat = 0; flat < x.size(); ++flat)
    dx.values[flat] = dy.values[flat] * std::pow(u.values[flat], -beta);
  forNeighbours(op, x.shape, [&](auto n, auto c, auto y, auto column, auto oc, auto oy, auto ox) {
    dx(n, oc, oy, ox) -= 2 * alpha * beta * x(n, oc, oy, ox) * dy(n, c, y, column) * x(n, c, y, column) *
                         std::pow(u(n, c, y, column), -beta - 1);
  });
  return {dx};
}

uint32_t mixed(uint32_t value) {
  value = (value ^ (value >> 16)) * 0x85ebca6bu;
  value = (value ^ (value >> 13)) * 0xc2b2ae35u;
  return value ^ (value >> 16);
}

/// Element `flat` in row-major order of the whole batch is kept when its hash, as a number in [0, 1), is at least p.
Arrays dropout(const OpSpec &op, const Arrays &in) {
  Array y = in[0];
  if (in.size() == 1 || in[1](5) == 0)
    return {y};
  const double p = numberOf(op, "p", 0);
  const uint32_t stream = uint32_t(numberOf(op, "stream", 0)) * 0x9e3779b9u;
  const uint32_t key = mixed(mixed(uint32_t(in[1](6)) ^ stream) + uint32_t(in[1](7)) * 0x85157af5u);
  const int64_t before = int64_t(in[1](5) - 1) * (y.size() / y.shape[0]);
  for (int64_t flat = 0; flat < y.size(); ++flat) {
    const double drawn = (mixed(uint32_t(before + flat) * 0x9e3779b1u ^ key) >> 8) / 16777216.0;
    y.values[flat] = drawn < p ? 0 : y.values[flat] / (1 - p);
  }
  return {y};
}

/// Calls visit(channel, image, flat index) for each element.
template <typename Visit> void forChannels(const Array &x, Visit visit) {
  const int64_t area = x.extent(2) * x.extent(3);
  for (int64_t flat = 0; flat < x.size(); ++flat)
    visit(flat / area % x.shape[1], flat / area / x.shape[1], flat);
}

double deviation(const OpSpec &op, const Array &variance, int64_t c) {
  return std::sqrt(variance(c) + numberOf(op, "epsilon", 1e-5));
}

Arrays batchNorm(const OpSpec &op, const Arrays &in) {
  Array y = in[0];
  forChannels(y, [&](int64_t c, int64_t, int64_t flat) {
    y.values[flat] = in[1](c) * (y.values[flat] - in[3](c)) / deviation(op, in[4], c) + in[2](c);
  });
  return {y};
}

Arrays batchNormCoefficient(const OpSpec &op, const Arrays &in) {
  Array result = in[0];
  for (int64_t c = 0; c < result.size(); ++c)
    result(c) /= deviation(op, in[1], c);
  return {result};
}

Arrays batchNormOffset(const OpSpec &, const Arrays &in) {
  Array result = in[0];
  for (int64_t c = 0; c < result.size(); ++c)
    result(c) -= in[1](c) * in[2](c);
  return {result};
}

Arrays batchStatistics(const OpSpec &, const Arrays &in) {
  const Array &x = in[0];
  Array mean({x.shape[1]}), variance({x.shape[1]});
  const double count = in[1](4) * double(x.extent(2) * x.extent(3));
  forChannels(x, [&](int64_t c, int64_t n, int64_t flat) {
    if (n < int64_t(in[1](4)))
      mean(c) += x.values[flat] / count;
  });
  forChannels(x, [&](int64_t c, int64_t n, int64_t flat) {
    if (n < int64_t(in[1](4)))
      variance(c) += (x.values[flat] - mean(c)) * (x.values[flat] - mean(c)) / count;
  });
  return {mean, variance};
}

Arrays batchNormSums(const OpSpec &op, const Arrays &in) {
  Array weight({in[0].shape[1]}), bias = weight;
  forChannels(in[0], [&](int64_t c, int64_t, int64_t flat) {
    weight(c) += in[1].values[flat] * (in[0].values[flat] - in[2](c)) / deviation(op, in[3], c);
    bias(c) += in[1].values[flat];
  });
  return {weight, bias};
}

/// With z = (x - mean) / deviation: dz = weight dy; each dz moves mean and deviation, which move all other z.
Arrays batchNormInputGradient(const OpSpec &op, const Arrays &in) {
  const Array &x = in[0], &dy = in[1];
  Array dx(x.shape);
  const double count = in[7](4) * double(x.extent(2) * x.extent(3));
  forChannels(x, [&](int64_t c, int64_t n, int64_t flat) {
    const double z = (x.values[flat] - in[3](c)) / deviation(op, in[4], c);
    if (n < int64_t(in[7](4)))
      dx.values[flat] =
          in[2](c) / deviation(op, in[4], c) * (dy.values[flat] - in[6](c) / count - z * in[5](c) / count);
  });
  return {dx};
}

Arrays runningStatistics(const OpSpec &op, const Arrays &in) {
  Array mean = in[0], variance = in[1];
  const double images = in[2](4), count = images * numberOf(op, "pixels", 1);
  for (double &value : mean.values)
    value *= in[2](3) * images;
  for (double &value : variance.values)
    value *= in[2](3) * images * count / std::max(count - 1, 1.0);
  return {mean, variance};
}

Arrays averageUpdate(const OpSpec &op, const Arrays &in) {
  Array result = in[0];
  for (int64_t flat = 0; flat < result.size(); ++flat)
    result.values[flat] += numberOf(op, "momentum", 0) * (in[1].values[flat] - in[0].values[flat]);
  return {result};
}

} // namespace

ReferenceOp normalizationReference(const std::string &op) {
  static const std::map<std::string, ReferenceOp> batch = {{"batch_norm", batchNorm},
                                                           {"batch_norm_coefficient", batchNormCoefficient},
                                                           {"batch_norm_offset", batchNormOffset},
                                                           {"batch_statistics", batchStatistics},
                                                           {"batch_norm_sums", batchNormSums},
                                                           {"batch_norm_input_gradient", batchNormInputGradient},
                                                           {"running_statistics", runningStatistics},
                                                           {"average_update", averageUpdate}};
  if (auto found = batch.find(op); found != batch.end())
    return found->second;
  if (op == "lrn")
    return lrn;
  if (op == "lrn_gradient")
    return lrnGradient;
  return op == "dropout" ? dropout : nullptr;
}

} // namespace fovea::test
