#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

/// `in`, zero outside its image. Not bounded here: the schedule computes just what is read.
Func zeroPadded(const Tensor &in) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  Func padded("padded");
  const int width = int(in.width()), height = int(in.height());
  Expr inside = x >= 0 && x < width && y >= 0 && y < height;
  padded(c, x, y, n) = select(inside, in.at(c, clamp(x, 0, width - 1), clamp(y, 0, height - 1), n), 0.0f);
  return padded;
}

} // namespace

Stage conv2d(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &in = operands[0], &weight = operands[1];
  const auto &shape = weight.spec.shape;
  const Axis row = rows(op, shape[2]), column = columns(op, shape[3]);
  const auto pad = list(op, "pad", {0, 0, 0, 0});
  const int lanes = int(weight.spec.block);
  RDom r(0, int(shape[1]), 0, column.kernel, 0, row.kernel, "r");

  Stage stage;
  const bool pads = pad != std::vector<int64_t>{0, 0, 0, 0};
  if (pads)
    stage.padding = zeroPadded(in);
  Expr ix = x * column.stride + r.y - column.before, iy = y * row.stride + r.z - row.before;
  Expr pixel = pads ? Expr(stage.padding(r.x, ix, iy, n)) : in.at(r.x, ix, iy, n);

  Func sum("conv2d");
  sum(c, x, y, n) = operands.size() == 3 ? operands[2].at(c, 0, 0, 0) : Expr(0.0f);
  sum(c, x, y, n) += weight({c % lanes, r.x, r.y, r.z, c / lanes}) * pixel;
  stage.sum = sum;
  stage.reduction = {r.x, r.y, r.z};
  stage.results = {{sum, op.results[0]}};
  return stage;
}

// With stride s, an input pixel x is met by the kernel columns k = x + pad (mod s). Along each axis, x = s * xq + phase;
// the taps of a phase are first + s * t, and tap t meets output pixel (x + pad - first) / s - t.
Stage conv2dInputGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &gradient = operands[0], &weight = operands[1];
  const auto &shape = weight.spec.shape;
  const Axis row = rows(op, shape[2]), column = columns(op, shape[3]);
  const int lanes = int(weight.spec.block);

  Stage stage;
  stage.padding = zeroPadded(gradient);
  Func sum("conv2d_input_gradient");
  sum(c, x, y, n) = 0.0f;
  if (row.stride == 1 && column.stride == 1) {
    RDom r(0, int(shape[0]), 0, column.kernel, 0, row.kernel, "r");
    // Kernel rows that meet no gradient are left out; in a row, zeros are cheaper than a condition.
    Expr gradientRow = y + row.before - r.z;
    r.where(gradientRow >= 0 && gradientRow < int(gradient.height()));
    sum(c, x, y, n) += weight({c % lanes, r.x, r.y, r.z, c / lanes}) *
                       stage.padding(r.x, x + column.before - r.y, gradientRow, n);
    stage.reduction = {r.x, r.y, r.z};
  } else {
    auto taps = [](const Axis &axis) { return (axis.kernel + axis.stride - 1) / axis.stride; };
    RDom r(0, int(shape[0]), 0, taps(column), 0, taps(row), "r");
    auto meet = [](const Axis &axis, Expr pixel, Expr tap, Expr &kernel, Expr &output) {
      Expr first = (pixel + axis.before) % axis.stride;
      kernel = first + axis.stride * tap;
      output = (pixel + axis.before) / axis.stride - tap;
    };
    Expr kernelX, kernelY, outX, outY;
    meet(column, x, r.y, kernelX, outX);
    meet(row, y, r.z, kernelY, outY);
    Expr inKernel = kernelX < column.kernel && kernelY < row.kernel;
    Expr tap = weight({c % lanes, r.x, clamp(kernelX, 0, column.kernel - 1), clamp(kernelY, 0, row.kernel - 1),
                       c / lanes});
    sum(c, x, y, n) += select(inKernel, tap, 0.0f) * stage.padding(r.x, outX, outY, n);
    stage.reduction = {r.x, r.y, r.z};
  }
  stage.sum = sum;
  stage.results = {{sum, op.results[0]}};
  return stage;
}

// Two levels: the sum over the pixels of one image stays in registers; images are added up in a few fixed chunks, which
// run in parallel and are summed last in their order, so that the result does not depend on the number of threads.
Stage conv2dWeightGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &in = operands[0], &gradient = operands[1];
  const auto &shape = op.results[0].shape;
  const Axis row = rows(op, shape[2]), column = columns(op, shape[3]);
  const auto pad = list(op, "pad", {0, 0, 0, 0});
  const int lanes = int(op.results[0].block), images = int(in.images());
  const int chunks = std::min(images, 8), perChunk = (images + chunks - 1) / chunks;

  Stage stage;
  const bool pads = pad != std::vector<int64_t>{0, 0, 0, 0};
  if (pads)
    stage.padding = zeroPadded(in);
  RDom r(0, int(gradient.width()), 0, int(gradient.height()), "r");
  Expr ix = r.x * column.stride + kx - column.before, iy = r.y * row.stride + ky - row.before;
  Expr pixel = pads ? Expr(stage.padding(i, ix, iy, n)) : in.at(i, ix, iy, n);
  Expr channel = block * lanes + b;

  Func sum("conv2d_weight_gradient"), partial("partial"), total("weight_gradient");
  sum(b, i, kx, ky, block, n) = 0.0f;
  sum(b, i, kx, ky, block, n) += gradient.at(channel, r.x, r.y, n) * pixel;

  Var u("chunk");
  RDom image(0, perChunk, "image");
  partial(b, i, kx, ky, block, u) = 0.0f;
  Expr which = u * perChunk + image;
  if (images % perChunk != 0 || chunks * perChunk != images)
    image.where(which < images);
  partial(b, i, kx, ky, block, u) += sum(b, i, kx, ky, block, which);

  Expr all = partial(b, i, kx, ky, block, 0);
  for (int chunk = 1; chunk < chunks; ++chunk)
    all += partial(b, i, kx, ky, block, chunk);
  total(b, i, kx, ky, block) = all;
  stage.sum = sum;
  stage.reduction = {r.x, r.y, image.x};
  stage.partial = partial;
  stage.last = total;
  stage.results = {{total, op.results[0]}};
  return stage;
}

Stage transposeWeight(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &weight = operands[0];
  const TensorSpec &to = op.results[0];
  const bool conv = weight.spec.shape.size() == 4;
  const int inputs = int(conv ? weight.spec.shape[1] : weight.spec.spatial[0]);
  const int lanes = int(weight.spec.block), toLanes = int(to.block);
  Func transposed("transpose_weight");
  Expr input = block * toLanes + b;
  Expr value = weight({i % lanes, min(input, inputs - 1), kx, ky, i / lanes});
  transposed(b, i, kx, ky, block) = inputs % toLanes == 0 ? value : select(input < inputs, value, 0.0f);
  return {.results = {{transposed, to}}};
}

} // namespace fovea
