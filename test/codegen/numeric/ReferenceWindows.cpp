#include "test/codegen/numeric/Reference.h"

#include <algorithm>

namespace fovea::test {

namespace {

using Arrays = std::vector<Array>;

/// Calls visit(n, oy, ox, ky, kx, iy, ix) for every output pixel and every tap that lies inside the input.
template <typename Visit>
void forTaps(const OpSpec &op, int64_t kh, int64_t kw, const std::vector<int64_t> &in, const std::vector<int64_t> &out,
             Visit visit) {
  const auto stride = listOf(op, "stride", {1, 1}), pad = listOf(op, "pad", {0, 0, 0, 0}),
             dilation = listOf(op, "dilation", {1, 1});
  for (int64_t n = 0; n < out[0]; ++n)
    for (int64_t oy = 0; oy < out[2]; ++oy)
      for (int64_t ox = 0; ox < out[3]; ++ox)
        for (int64_t ky = 0; ky < kh; ++ky)
          for (int64_t kx = 0; kx < kw; ++kx) {
            const int64_t iy = oy * stride[0] + ky * dilation[0] - pad[0], ix = ox * stride[1] + kx * dilation[1] - pad[1];
            if (iy >= 0 && iy < in[2] && ix >= 0 && ix < in[3])
              visit(n, oy, ox, ky, kx, iy, ix);
          }
}

/// Channel of the input that tap `i` of output channel `o` reads.
int64_t inputOf(const OpSpec &op, const Array &weight, int64_t o, int64_t i) {
  const int64_t groups = int64_t(numberOf(op, "groups", 1));
  return o / (weight.shape[0] / groups) * weight.shape[1] + i;
}

Arrays conv2d(const OpSpec &op, const Arrays &in) {
  const Array &x = in[0], &w = in[1];
  Array y(op.results[0].shape);
  if (in.size() == 3)
    for (int64_t flat = 0; flat < y.size(); ++flat)
      y.values[flat] = in[2](flat / (y.extent(2) * y.extent(3)) % y.extent(1));
  forTaps(op, w.shape[2], w.shape[3], x.shape, y.shape,
          [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
            for (int64_t o = 0; o < w.shape[0]; ++o)
              for (int64_t i = 0; i < w.shape[1]; ++i)
                y(n, o, oy, ox) += w(o, i, ky, kx) * x(n, inputOf(op, w, o, i), iy, ix);
          });
  return {y};
}

Arrays conv2dInputGradient(const OpSpec &op, const Arrays &in) {
  const Array &dy = in[0], &w = in[1];
  Array dx(op.results[0].shape);
  forTaps(op, w.shape[2], w.shape[3], dx.shape, dy.shape,
          [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
            for (int64_t o = 0; o < w.shape[0]; ++o)
              for (int64_t i = 0; i < w.shape[1]; ++i)
                dx(n, inputOf(op, w, o, i), iy, ix) += w(o, i, ky, kx) * dy(n, o, oy, ox);
          });
  return {dx};
}

Arrays conv2dWeightGradient(const OpSpec &op, const Arrays &in) {
  const Array &x = in[0], &dy = in[1];
  Array dw(op.results[0].shape);
  forTaps(op, dw.shape[2], dw.shape[3], x.shape, dy.shape,
          [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
            for (int64_t o = 0; o < dw.shape[0]; ++o)
              for (int64_t i = 0; i < dw.shape[1]; ++i)
                dw(o, i, ky, kx) += dy(n, o, oy, ox) * x(n, inputOf(op, dw, o, i), iy, ix);
          });
  return {dw};
}

/// Element of an unshared convolution's weight [O,OH,OW,I,KH,KW].
template <typename Weight>
auto &localWeight(Weight &w, int64_t o, int64_t oy, int64_t ox, int64_t i, int64_t ky, int64_t kx) {
  const auto &s = w.shape;
  return w.values[((((o * s[1] + oy) * s[2] + ox) * s[3] + i) * s[4] + ky) * s[5] + kx];
}

Arrays local(const OpSpec &op, const Arrays &in) {
  const Array &x = in[0], &w = in[1];
  Array y(op.results[0].shape);
  if (in.size() == 3)
    for (int64_t flat = 0; flat < y.size(); ++flat)
      y.values[flat] = in[2].values[flat % in[2].size()];
  forTaps(op, w.shape[4], w.shape[5], x.shape, y.shape,
          [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
            for (int64_t o = 0; o < w.shape[0]; ++o)
              for (int64_t i = 0; i < w.shape[3]; ++i)
                y(n, o, oy, ox) += localWeight(w, o, oy, ox, i, ky, kx) * x(n, i, iy, ix);
          });
  return {y};
}

Arrays localInputGradient(const OpSpec &op, const Arrays &in) {
  const Array &dy = in[0], &w = in[1];
  Array dx(op.results[0].shape);
  forTaps(op, w.shape[4], w.shape[5], dx.shape, dy.shape,
          [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
            for (int64_t o = 0; o < w.shape[0]; ++o)
              for (int64_t i = 0; i < w.shape[3]; ++i)
                dx(n, i, iy, ix) += localWeight(w, o, oy, ox, i, ky, kx) * dy(n, o, oy, ox);
          });
  return {dx};
}

Arrays localWeightGradient(const OpSpec &op, const Arrays &in) {
  const Array &x = in[0], &dy = in[1];
  Array dw(op.results[0].shape);
  forTaps(op, dw.shape[4], dw.shape[5], x.shape, dy.shape,
          [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
            for (int64_t o = 0; o < dw.shape[0]; ++o)
              for (int64_t i = 0; i < dw.shape[3]; ++i)
                localWeight(dw, o, oy, ox, i, ky, kx) += dy(n, o, oy, ox) * x(n, i, iy, ix);
          });
  return {dw};
}

Arrays localBiasGradient(const OpSpec &op, const Arrays &in) {
  Array db(op.results[0].shape);
  for (int64_t flat = 0; flat < in[0].size(); ++flat)
    db.values[flat % db.size()] += in[0].values[flat];
  return {db};
}

/// Visits (n, o, k) of a dense layer; rank 4 inputs count as flattened, which row-major order makes them.
template <typename Visit> void forDense(int64_t images, const std::vector<int64_t> &weight, Visit visit) {
  for (int64_t n = 0; n < images; ++n)
    for (int64_t o = 0; o < weight[0]; ++o)
      for (int64_t k = 0; k < weight[1]; ++k)
        visit(n, o, k);
}

Arrays dense(const OpSpec &op, const Arrays &in) {
  const Array &x = in[0], &w = in[1];
  Array y(op.results[0].shape);
  if (in.size() == 3)
    for (int64_t flat = 0; flat < y.size(); ++flat)
      y.values[flat] = in[2](flat % y.shape[1]);
  forDense(x.shape[0], w.shape, [&](auto n, auto o, auto k) { y(n, o) += w(o, k) * x.values[n * w.shape[1] + k]; });
  return {y};
}

Arrays denseInputGradient(const OpSpec &op, const Arrays &in) {
  const Array &dy = in[0], &w = in[1];
  Array dx(op.results[0].shape);
  forDense(dy.shape[0], w.shape, [&](auto n, auto o, auto k) { dx.values[n * w.shape[1] + k] += w(o, k) * dy(n, o); });
  return {dx};
}

Arrays denseWeightGradient(const OpSpec &op, const Arrays &in) {
  const Array &x = in[0], &dy = in[1];
  Array dw(op.results[0].shape);
  forDense(dy.shape[0], dw.shape,
           [&](auto n, auto o, auto k) { dw(o, k) += dy(n, o) * x.values[n * dw.shape[1] + k]; });
  return {dw};
}

/// Sums over all but the channels.
Arrays biasGradient(const OpSpec &op, const Arrays &in) {
  Array db(op.results[0].shape);
  const int64_t pixels = in[0].extent(2) * in[0].extent(3);
  for (int64_t flat = 0; flat < in[0].size(); ++flat)
    db(flat / pixels % in[0].shape[1]) += in[0].values[flat];
  return {db};
}

Arrays maxPoolIndices(const OpSpec &op, const Arrays &in) {
  const auto kernel = listOf(op, "kernel", {1, 1});
  Array y(op.results[0].shape), index(op.results[0].shape), seen(op.results[0].shape);
  forTaps(op, kernel[0], kernel[1], in[0].shape, y.shape,
          [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
            for (int64_t c = 0; c < y.shape[1]; ++c)
              if (const double value = in[0](n, c, iy, ix); !seen(n, c, oy, ox) || value > y(n, c, oy, ox)) {
                seen(n, c, oy, ox) = 1;
                y(n, c, oy, ox) = value;
                index(n, c, oy, ox) = double(ky * kernel[1] + kx);
              }
          });
  return {y, index};
}

Arrays maxPool(const OpSpec &op, const Arrays &in) { return {maxPoolIndices(op, in)[0]}; }

Arrays maxPoolGradient(const OpSpec &op, const Arrays &in) {
  const auto kernel = listOf(op, "kernel", {1, 1});
  Array dx(op.results[0].shape);
  forTaps(op, kernel[0], kernel[1], dx.shape, in[1].shape,
          [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
            for (int64_t c = 0; c < dx.shape[1]; ++c)
              if (in[0](n, c, oy, ox) == double(ky * kernel[1] + kx))
                dx(n, c, iy, ix) += in[1](n, c, oy, ox);
          });
  return {dx};
}

/// What the window at output pixel (oy, ox) is divided by, counted element by element.
double divisor(const OpSpec &op, const std::vector<int64_t> &input, int64_t oy, int64_t ox) {
  auto found = op.attributes.find("divisor");
  const std::string kind = found == op.attributes.end() ? "padded" : std::get<std::string>(found->second);
  if (kind == "one")
    return 1;
  const auto kernel = listOf(op, "kernel", {1, 1}), stride = listOf(op, "stride", {1, 1}),
             pad = listOf(op, "pad", {0, 0, 0, 0});
  int64_t count = 0;
  for (int64_t ky = 0; ky < kernel[0]; ++ky)
    for (int64_t kx = 0; kx < kernel[1]; ++kx) {
      const int64_t iy = oy * stride[0] + ky - pad[0], ix = ox * stride[1] + kx - pad[1];
      const bool real = iy >= 0 && iy < input[2] && ix >= 0 && ix < input[3];
      const bool padded = iy >= -pad[0] && iy < input[2] + pad[2] && ix >= -pad[1] && ix < input[3] + pad[3];
      count += kind == "valid" ? real : padded;
    }
  return double(std::max<int64_t>(count, 1));
}

Arrays avgPool(const OpSpec &op, const Arrays &in) {
  const auto kernel = listOf(op, "kernel", {1, 1});
  Array y(op.results[0].shape);
  forTaps(op, kernel[0], kernel[1], in[0].shape, y.shape, [&](auto n, auto oy, auto ox, auto, auto, auto iy, auto ix) {
    for (int64_t c = 0; c < y.shape[1]; ++c)
      y(n, c, oy, ox) += in[0](n, c, iy, ix) / divisor(op, in[0].shape, oy, ox);
  });
  return {y};
}

Arrays avgPoolGradient(const OpSpec &op, const Arrays &in) {
  const auto kernel = listOf(op, "kernel", {1, 1});
  Array dx(op.results[0].shape);
  forTaps(op, kernel[0], kernel[1], dx.shape, in[0].shape, [&](auto n, auto oy, auto ox, auto, auto, auto iy, auto ix) {
    for (int64_t c = 0; c < dx.shape[1]; ++c)
      dx(n, c, iy, ix) += in[0](n, c, oy, ox) / divisor(op, dx.shape, oy, ox);
  });
  return {dx};
}

} // namespace

ReferenceOp windowReference(const std::string &op) {
  static const std::map<std::string, ReferenceOp> ops = {
      {"conv2d", conv2d},
      {"conv2d_input_gradient", conv2dInputGradient},
      {"conv2d_weight_gradient", conv2dWeightGradient},
      {"winograd_weight_gradient", conv2dWeightGradient},
      {"local", local},
      {"local_input_gradient", localInputGradient},
      {"local_weight_gradient", localWeightGradient},
      {"local_bias_gradient", localBiasGradient},
      {"dense", dense},
      {"dense_input_gradient", denseInputGradient},
      {"dense_weight_gradient", denseWeightGradient},
      {"bias_gradient", biasGradient},
      {"max_pool", maxPool},
      {"max_pool_indices", maxPoolIndices},
      {"max_pool_gradient", maxPoolGradient},
      {"avg_pool", avgPool},
      {"avg_pool_gradient", avgPoolGradient},
  };
  auto found = ops.find(op);
  return found == ops.end() ? nullptr : found->second;
}

} // namespace fovea::test
