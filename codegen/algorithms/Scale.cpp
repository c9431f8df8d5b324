#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

} // namespace

Stage scaleOp(const OpSpec &op, const std::vector<Tensor> &in) {
  Expr value = here(in[0]) * in[1].at(c, 0, 0, 0);
  return pointwise(op, in.size() == 3 ? value + in[2].at(c, 0, 0, 0) : value);
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

} // namespace fovea
