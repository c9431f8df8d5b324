#include "codegen/algorithms/Tiles.h"

namespace fovea {

using namespace Halide;

namespace {

/// Where a device's partial sums begin and end: a part of the channels, so that there are enough threads.
int channelsOfPart(const OpSpec &op, int64_t channels) {
  const int64_t images = op.results[0].shape[0], elements = physicalElements(op.results[0]);
  const int64_t wanted = images % 8 == 0 ? std::clamp<int64_t>((1 << 22) / elements, 1, 8) : 32;
  return int(channels / divisorOf(channels, wanted));
}

// The sum in parts, which are added up in their order.
Stage denseOnDevice(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &in = operands[0], &weight = operands[1];
  const int lanes = int(weight.spec.block), perPart = channelsOfPart(op, in.channels()),
            parts = int(in.channels()) / perPart;
  RDom r(0, perPart, 0, int(in.width()), 0, int(in.height()), "r");
  Var u("part");
  Stage stage;
  stage.weights = Func("weights");
  stage.weights(c, i, kx, ky) = weight({c % lanes, i, kx, ky, c / lanes});
  stage.pixels = Func("pixels");
  stage.pixels(c, x, y, n) = in.at(c, x, y, n);
  Func sum("dense"), partial("partial"), total("dense_total");
  sum(c, n, u) = 0.0f;
  sum(c, n, u) += stage.weights(c, u * perPart + r.x, r.y, r.z) * stage.pixels(u * perPart + r.x, r.y, r.z, n);
  partial(c, n, u) = sum(c, n, u);
  Expr all = operands.size() == 3 ? operands[2].at(c, 0, 0, 0) : Expr(0.0f);
  for (int part = 0; part < parts; ++part)
    all += partial(c, n, part);
  total(c, n) = all;
  stage.sum = sum;
  stage.partial = partial;
  stage.parts = parts;
  stage.reduction = {r.x, r.y, r.z};
  stage.results = {{total, op.results[0]}};
  return stage;
}

} // namespace

Stage dense(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  if (integer(op, onDevice, 0))
    return denseOnDevice(op, operands);
  const Tensor &in = operands[0], &weight = operands[1];
  if (integer(op, byTiles, 0)) {
    const Axis columns{.kernel = int(in.width()), .stride = 1, .before = 0},
        rows{.kernel = int(in.height()), .stride = 1, .before = 0};
    Func sums = tiledSums(in, Func(), weight, {columns, rows, int(op.results[0].block), int(in.channels())});
    Func result("dense");
    result(c, n) = sums(c, 0, 0, n) + (operands.size() == 3 ? operands[2].at(c, 0, 0, 0) : Expr(0.0f));
    return {.results = {{result, op.results[0]}}, .sum = sums};
  }
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
  // Of few outputs, a copy in the order of the inputs costs less than sums across lanes.
  if (blocks == 1 && !spatial && !integer(op, onDevice, 0)) {
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
  const std::vector<Expr> at = {r.x, padded ? min(c, inputs - 1) : Expr(c), spatial ? Expr(x) : 0,
                                spatial ? Expr(y) : 0, r.y};
  Expr term = weight(at) * gradient.at(r.y * lanes + r.x, 0, 0, n);
  Func weights("weights"), gradients("gradients");
  if (integer(op, onDevice, 0)) {
    weights(b, i, kx, ky, block) = weight({b, i, kx, ky, block});
    gradients(c, n) = gradient.at(c, 0, 0, n);
    term = weights(at) * gradients(r.y * lanes + r.x, n);
  }
  sum(arguments) = 0.0f;
  sum(arguments) += padded ? select(c < inputs, term, 0.0f) : term;
  Stage stage{.results = {{sum, result}}, .sum = sum, .reduction = {r.x, r.y}};
  stage.pixels = gradients;
  stage.weights = weights;
  return stage;
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
  Func pixels("pixels");
  if (integer(op, onDevice, 0))
    pixels(i, kx, ky, n) = in.at(i, kx, ky, n);
  sum(b, i, kx, ky, block) +=
      packed(b, r.x, block) * (pixels.defined() ? pixels(i, kx, ky, r.x) : in.at(i, kx, ky, r.x));
  Stage stage{.results = {{sum, op.results[0]}}, .sum = sum, .reduction = {r.x}, .packed = packed};
  stage.pixels = pixels;
  return stage;
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
