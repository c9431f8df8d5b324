#include "codegen/algorithms/Tensor.h"

#include <string>

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

Expr element(const Tensor &channels) { return channels.at(c, 0, 0, 0); }

/// 1 / sqrt(variance + epsilon).
Expr inverseDeviation(const OpSpec &op, const Tensor &variance) {
  return 1.0f / sqrt(element(variance) + float(number(op, "epsilon", 1e-5)));
}

Expr images(const Tensor &scalars) { return max(scalars.at(0, 0, 0, 4), 1.0f); }

float pixels(const Tensor &in) { return float(in.width() * in.height()); }

/// A function of the channel that is computed once, in front of all else.
Func perChannel(Stage &stage, const std::string &name, Expr value) {
  Func f(name);
  f(c) = value;
  stage.perChannel.push_back(f);
  return f;
}

/// Sums over the pixels of an image, by channel and image; those of images, in their order, by channel.
struct Sums {
  Stage stage;
  RDom pixel, image;
  bool spatial;

  explicit Sums(const Tensor &in)
      : pixel(0, int(in.width()), 0, int(in.height()), "pixel"), image(0, int(in.images()), "image"),
        spatial(in.spec.shape.size() == 4) {}

  Expr at(const Tensor &in) const { return spatial ? in.at(c, pixel.x, pixel.y, n) : in.at(c, 0, 0, n); }

  Func ofImage(const std::string &name, Expr value) {
    Func sum(name);
    if (spatial) {
      sum(c, n) = 0.0f;
      sum(c, n) += value;
      stage.reduction = {pixel.x, pixel.y};
    } else {
      sum(c, n) = value;
    }
    stage.perImage.push_back(sum);
    return sum;
  }

  /// Makes the sums of an image the stage's anchor; returns them as one function.
  Func gather(Func first, Func second) {
    Func both("of_image");
    both(c, n) = Tuple(first(c, n), second(c, n));
    return stage.sum = both;
  }

  Func ofImages(const std::string &name, Expr value) {
    Func sum(name);
    sum(c) = 0.0f;
    sum(c) += value;
    stage.perChannel.push_back(sum);
    return sum;
  }

  /// Two vectors, with zeros in the lanes past the channels.
  Stage results(const OpSpec &op, int64_t channels, Expr first, Expr second) {
    auto masked = [&](Expr value) { return op.results[0].block > channels ? select(c < int(channels), value, 0.0f) : value; };
    Func result(op.op);
    result(c) = Tuple(masked(first), masked(second));
    stage.results = {{result, op.results[0], 0}, {result, op.results[1], 1}};
    return stage;
  }
};

} // namespace

// y = coefficient * x + offset, both computed once for each channel.
Stage batchNorm(const OpSpec &op, const std::vector<Tensor> &in) {
  Stage stage;
  Func coefficient = perChannel(stage, "coefficient", element(in[1]) * inverseDeviation(op, in[4]));
  Func offset = perChannel(stage, "offset", element(in[2]) - element(in[3]) * coefficient(c));
  stage.results = pointwise(op, here(in[0]) * coefficient(c) + offset(c)).results;
  return stage;
}

// In padding lanes weight and bias are zero, and so are the results.
Stage batchNormCoefficient(const OpSpec &op, const std::vector<Tensor> &in) {
  return pointwise(op, element(in[0]) * inverseDeviation(op, in[1]));
}

Stage batchNormOffset(const OpSpec &op, const std::vector<Tensor> &in) {
  return pointwise(op, element(in[0]) - element(in[1]) * element(in[2]));
}

// Each image by itself: the sum, and the squares around the image's own mean while the image is in the cache. Then, with
// the mean of all, what the images' means add to the variance: no digits are lost where the mean is large.
Stage batchStatistics(const OpSpec &op, const std::vector<Tensor> &in) {
  Sums sums(in[0]);
  const float area = pixels(in[0]);
  Func sum = sums.ofImage("image_sum", sums.at(in[0]));
  Expr apart = sums.spatial ? sums.at(in[0]) - sum(c, n) * (1.0f / area) : Expr(0.0f);
  Func image = sums.gather(sum, sums.ofImage("image_squares", apart * apart));
  Expr count = images(in[1]), counts = cast<float>(sums.image) < count;
  Func total = sums.ofImages("sum", select(counts, image(c, sums.image)[0], 0.0f));
  Func mean = perChannel(sums.stage, "mean", total(c) / (count * area));
  Expr off = image(c, sums.image)[0] * (1.0f / area) - mean(c);
  Func squares = sums.ofImages("squares", select(counts, image(c, sums.image)[1] + area * off * off, 0.0f));
  return sums.results(op, in[0].channels(), mean(c), squares(c) / (count * area));
}

// The images after those that count have no gradient, so they add nothing.
Stage batchNormSums(const OpSpec &op, const std::vector<Tensor> &in) {
  Sums sums(in[0]);
  Func products = sums.ofImage("image_products", sums.at(in[1]) * (sums.at(in[0]) - element(in[2])));
  Func image = sums.gather(products, sums.ofImage("image_sum", sums.at(in[1])));
  Func product = sums.ofImages("products", image(c, sums.image)[0]), sum = sums.ofImages("sum", image(c, sums.image)[1]);
  return sums.results(op, in[0].channels(), product(c) * inverseDeviation(op, in[3]), sum(c));
}

Stage batchNormInputGradient(const OpSpec &op, const std::vector<Tensor> &in) {
  const Tensor &x = in[0], &weight = in[2], &mean = in[3], &scalars = in[7];
  Stage stage;
  Expr count = images(scalars) * pixels(x);
  Func inverse = perChannel(stage, "inverse", inverseDeviation(op, in[4]));
  Func coefficient = perChannel(stage, "coefficient", element(weight) * inverse(c));
  Func slope = perChannel(stage, "slope", inverse(c) * element(in[5]) / count);
  Func level = perChannel(stage, "level", element(in[6]) / count);
  Expr value = coefficient(c) * (here(in[1]) - level(c) - (here(x) - element(mean)) * slope(c));
  Expr counts = cast<float>(n) < images(scalars);
  if (x.padded()) // The coefficient is zero there, but x may be anything.
    counts = counts && c < int(x.channels());
  stage.results = pointwise(op, select(counts, value, 0.0f)).results;
  return stage;
}

Stage runningStatistics(const OpSpec &op, const std::vector<Tensor> &in) {
  Expr count = in[2].at(0, 0, 0, 4), elements = float(integer(op, "pixels", 1)) * count;
  Expr share = in[2].at(0, 0, 0, 3) * count;
  Func f(op.op);
  f(c) = Tuple(element(in[0]) * share, element(in[1]) * (share * elements / max(elements - 1.0f, 1.0f)));
  return {.results = {{f, op.results[0], 0}, {f, op.results[1], 1}}};
}

Stage averageUpdate(const OpSpec &op, const std::vector<Tensor> &in) {
  return pointwise(op, here(in[0]) + float(number(op, "momentum", 0)) * (here(in[1]) - here(in[0])));
}

} // namespace fovea
