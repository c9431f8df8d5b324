#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

const auto &[c, x, y, n, b, i, kx, ky, block] = vars;

/// An unshared convolution: its window, and its weight of [ceil(O/lanes)] blocks for each pixel of the result.
struct Local {
  Axis row, column;
  int outputs, height, width, inputs, lanes, blocks;

  Local(const OpSpec &op, const TensorSpec &weight)
      : row(rows(op, weight.shape[4])), column(columns(op, weight.shape[5])), outputs(int(weight.shape[0])),
        height(int(weight.shape[1])), width(int(weight.shape[2])), inputs(int(weight.shape[3])),
        lanes(int(weight.block)), blocks((outputs + lanes - 1) / lanes) {}

  Expr blockOf(Expr column, Expr row, Expr index) const { return (row * width + column) * blocks + index; }
};

/// Where output pixel `at` meets the input with `tap` of its window.
Expr met(const Axis &axis, Expr at, Expr tap) { return at * axis.stride + tap - axis.before; }

} // namespace

Stage local(const OpSpec &op, const std::vector<Tensor> &operands) {
  const Tensor &in = operands[0], &weight = operands[1];
  const Local l(op, weight.spec);
  const int height = int(in.height()), width = int(in.width());
  RDom r(0, l.inputs, 0, l.column.kernel, 0, l.row.kernel, "r");
  Expr ix = met(l.column, x, r.y), iy = met(l.row, y, r.z);
  if (list(op, "pad", {0, 0, 0, 0}) != std::vector<int64_t>{0, 0, 0, 0})
    r.where(ix >= 0 && ix < width && iy >= 0 && iy < height);
  Func sum("local");
  sum(c, x, y, n) = operands.size() == 3 ? operands[2].at(c, x, y, 0) : Expr(0.0f);
  sum(c, x, y, n) += weight({c % l.lanes, r.x, r.y, r.z, l.blockOf(x, y, c / l.lanes)}) *
                     in.at(r.x, clamp(ix, 0, width - 1), clamp(iy, 0, height - 1), n);
  return {.results = {{sum, op.results[0]}}, .sum = sum, .reduction = {r.x, r.y, r.z}};
}

// Like a dense layer's, over the outputs that lie innermost in the weight, and over the windows that cover the pixel.
Stage localInputGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const Tensor &gradient = operands[0], &weight = operands[1];
  const Local l(op, weight.spec);
  RDom r(0, l.lanes, 0, l.blocks, 0, l.column.kernel, 0, l.row.kernel, "r");
  auto meet = [&](const Axis &axis, Expr pixel, Expr tap, int outputs) {
    Expr reached = pixel + axis.before - tap, output = axis.stride == 1 ? reached : reached / axis.stride;
    Expr meets = reached >= 0 && output < outputs;
    r.where(axis.stride == 1 ? meets : meets && reached % axis.stride == 0);
    return clamp(output, 0, outputs - 1);
  };
  Expr ox = meet(l.column, x, r.z, l.width), oy = meet(l.row, y, r.w, l.height);
  const bool padded = op.results[0].block != l.inputs;
  Expr term = weight({r.x, padded ? min(c, l.inputs - 1) : Expr(c), r.z, r.w, l.blockOf(ox, oy, r.y)}) *
              gradient.at(r.y * l.lanes + r.x, ox, oy, n);
  Func sum("local_input_gradient");
  sum(c, x, y, n) = 0.0f;
  sum(c, x, y, n) += padded ? select(c < l.inputs, term, 0.0f) : term;
  return {.results = {{sum, op.results[0]}}, .sum = sum, .reduction = {r.x, r.y, r.z, r.w}};
}

Stage localWeightGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const Tensor &in = operands[0], &gradient = operands[1];
  const Local l(op, op.results[0]);
  const int height = int(in.height()), width = int(in.width());
  Expr pixel = block / l.blocks, ox = pixel % l.width, oy = pixel / l.width;
  Expr ix = met(l.column, ox, kx), iy = met(l.row, oy, ky);
  RDom r(0, int(in.images()), "r");
  Func sum("local_weight_gradient"), result("weight_gradient");
  sum(b, i, kx, ky, block) = 0.0f;
  sum(b, i, kx, ky, block) += gradient.at(block % l.blocks * l.lanes + b, ox, oy, r.x) *
                              in.at(i, clamp(ix, 0, width - 1), clamp(iy, 0, height - 1), r.x);
  const bool pads = list(op, "pad", {0, 0, 0, 0}) != std::vector<int64_t>{0, 0, 0, 0};
  Expr inside = ix >= 0 && ix < width && iy >= 0 && iy < height, value = sum(b, i, kx, ky, block);
  result(b, i, kx, ky, block) = pads ? select(inside, value, 0.0f) : value;
  return {.results = {{result, op.results[0]}}, .sum = sum, .reduction = {r.x}};
}

Stage localBiasGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  RDom r(0, int(operands[0].images()), "r");
  Func sum("local_bias_gradient");
  sum(c, x, y) = 0.0f;
  sum(c, x, y) += operands[0].at(c, x, y, r.x);
  return {.results = {{sum, op.results[0]}}, .sum = sum, .reduction = {r.x}};
}

} // namespace fovea
