#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

Stage dense(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &in = operands[0], &weight = operands[1];
  const int lanes = int(weight.spec.block);
  const LayerSum r(weight.spec, in.channels(), in.width(), in.height());
  const std::vector<Expr> at = r.inWeight(weight.spec, c, {c % lanes, r.channel, r.column, r.row, c / lanes});
  Func sum("dense");
  sum(c, n) = operands.size() == 3 ? operands[2].at(c, 0, 0, 0) : Expr(0.0f);
  sum(c, n) += cast<float>(weight(at)) * cast<float>(in.at(r.channel, r.column, r.row, n));
  return {.results = {{sum, op.results[0]}}, .sum = sum, .reduction = r.reduction, .pair = r.pair};
}

// Outputs, over which this sums, are innermost in the weight.
Stage denseInputGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &gradient = operands[0], &weight = operands[1];
  const TensorSpec &result = op.results[0];
  const int lanes = int(weight.spec.block), inputs = int(weight.spec.spatial[0]);
  const int blocks = int((weight.spec.shape[0] + lanes - 1) / lanes);
  Func sum("dense_input_gradient");
  const bool spatial = result.shape.size() == 4, padded = result.block != inputs;
  if (blocks == 1 && !spatial) { // Of few outputs, a copy in the order of the inputs costs less than sums across lanes.
    Func packed("packed_weight");
    Var output("o");
    Expr value = weight({output, padded ? min(c, inputs - 1) : Expr(c), 0, 0, 0});
    packed(c, output) = padded ? select(c < inputs, value, 0.0f) : value;
    RDom outputs(0, int(weight.spec.shape[0]), "outputs");
    sum(c, n) = 0.0f;
    sum(c, n) += packed(c, outputs) * gradient.at(outputs, 0, 0, n);
    return {.results = {{sum, result}}, .sum = sum, .reduction = {outputs.x}, .packed = packed};
  }
  RDom r(0, lanes, 0, blocks, "r"); // Whole blocks: the lanes past the last output are zero in weight and gradient.
  std::vector<Var> arguments = spatial ? std::vector<Var>{c, x, y, n} : std::vector<Var>{c, n};
  Expr term = weight({r.x, padded ? min(c, inputs - 1) : Expr(c), spatial ? Expr(x) : 0, spatial ? Expr(y) : 0, r.y}) *
              gradient.at(r.y * lanes + r.x, 0, 0, n);
  sum(arguments) = 0.0f;
  sum(arguments) += padded ? select(c < inputs, term, 0.0f) : term;
  return {.results = {{sum, result}}, .sum = sum, .reduction = {r.x, r.y}};
}

Stage denseWeightGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &in = operands[0], &gradient = operands[1];
  const int lanes = int(op.results[0].block);
  RDom r(0, int(in.images()), "r");
  // Rows of the gradient lie a power of two apart, as layers are wide: a block of them would meet in a few cache lines.
  Func packed("packed_gradient"), sum("dense_weight_gradient");
  packed(b, n, block) = gradient.at(block * lanes + b, 0, 0, n);
  sum(b, i, kx, ky, block) = 0.0f;
  sum(b, i, kx, ky, block) += packed(b, r.x, block) * in.at(i, kx, ky, r.x);
  return {.results = {{sum, op.results[0]}}, .sum = sum, .reduction = {r.x}, .packed = packed};
}

Stage biasGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &gradient = operands[0];
  RDom images(0, int(gradient.images()), "images");
  if (gradient.spec.shape.size() == 2) {
    Func total("bias_gradient");
    total(c) = 0.0f;
    total(c) += gradient.at(c, 0, 0, images);
    return {.results = {{total, op.results[0]}}, .sum = total, .reduction = {images.x}};
  }
  RDom pixels(0, int(gradient.width()), 0, int(gradient.height()), "pixels");
  Func sum("image_sum"), total("bias_gradient");
  sum(c, n) = 0.0f;
  sum(c, n) += gradient.at(c, pixels.x, pixels.y, n);
  total(c) = 0.0f;
  total(c) += sum(c, images);
  return {.results = {{total, op.results[0]}}, .sum = sum, .reduction = {pixels.x, pixels.y}, .last = total};
}

} // namespace fovea
