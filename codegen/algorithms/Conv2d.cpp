#include "codegen/algorithms/Tiles.h"

namespace fovea {

using namespace Halide;

Stage conv2d(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &in = operands[0], &weight = operands[1];
  const auto &shape = weight.spec.shape;
  const Axis row = rows(op, shape[2]), column = columns(op, shape[3]);
  const auto pad = list(op, "pad", {0, 0, 0, 0});
  LayerSum r(weight.spec, shape[1], column.kernel, row.kernel);

  Stage stage;
  const bool pads = pad != std::vector<int64_t>{0, 0, 0, 0}, together = imagesTogether(op, in.images()) > 1;
  Expr ix = x * column.stride + r.column * column.dilation - column.before,
       iy = y * row.stride + r.row * row.dilation - row.before;
  if (pads && together) {
    r.domain.where(ix >= 0 && ix < int(in.width()));
    r.domain.where(iy >= 0 && iy < int(in.height()));
  } else if (pads) {
    stage.padding = zeroPadded(in);
  }
  const Groups group = groups(op, shape[0], shape[1], weight.spec.block);
  if (integer(op, byTiles, 0)) {
    const int outputs = group.count > 1 ? group.outputs : int(op.results[0].block);
    stage.sum = tiledSums(in, stage.padding, weight, {column, row, outputs, group.inputs});
    Func result("conv2d");
    result(c, x, y, n) = stage.sum(c, x, y, n) + (operands.size() == 3 ? operands[2].at(c, 0, 0, 0) : Expr(0.0f));
    stage.results = {{result, op.results[0]}};
    return stage;
  }
  const SumOperands term(stage, op, group, weight, in, existing(c, op.results[0], group.count), &r, r.channel, r.column,
                         r.row, ix, iy);

  Func sum("conv2d");
  sum(c, x, y, n) = operands.size() == 3 ? operands[2].at(c, 0, 0, 0) : Expr(0.0f);
  sum(c, x, y, n) += cast<float>(term.weight) * cast<float>(term.pixel);
  stage.sum = sum;
  stage.reduction = r.reduction;
  stage.pair = r.pair;
  stage.results = {{sum, op.results[0]}};
  return stage;
}

// With stride s, an input pixel x is met by the kernel columns k with k * dilation = x + pad (mod s). Without dilation,
// along each axis, x = s * xq + phase; the taps of a phase are first + s * t, and tap t meets output pixel (x + pad -
// first) / s - t. With stride and dilation every tap is tried.
Stage conv2dInputGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &gradient = operands[0], &weight = operands[1];
  const auto &shape = weight.spec.shape;
  const Axis row = rows(op, shape[2]), column = columns(op, shape[3]);
  const TensorSpec &result = op.results[0];
  const Groups group = groups(op, result.shape[1], shape[0] / integer(op, "groups", 1), weight.spec.block);

  Stage stage;
  const bool together = imagesTogether(op, gradient.images()) > 1; // What meets no gradient is left out, not zero.
  if (!together)
    stage.padding = zeroPadded(gradient);
  Func sum("conv2d_input_gradient");
  sum(c, x, y, n) = 0.0f;
  const bool strided = row.stride > 1 || column.stride > 1, dilated = row.dilation > 1 || column.dilation > 1;
  auto taps = [&](const Axis &axis) { return dilated ? axis.kernel : (axis.kernel + axis.stride - 1) / axis.stride; };
  RDom r(0, group.inputs, 0, taps(column), 0, taps(row), "r");
  auto meeting = [&](Expr kernelX, Expr kernelY, Expr atX, Expr atY, const StridedTap *tap = nullptr) {
    return SumOperands(stage, op, group, weight, gradient, existing(c, result, group.count), nullptr, r.x, kernelX,
                       kernelY, atX, atY, tap);
  };
  Expr term;
  if (!strided) {
    // Kernel rows that meet no gradient are left out; in a row, zeros are cheaper than a condition.
    Expr gradientRow = y + row.before - r.z * row.dilation;
    r.where(gradientRow >= 0 && gradientRow < int(gradient.height()));
    Expr gradientColumn = x + column.before - r.y * column.dilation;
    if (together)
      r.where(gradientColumn >= 0 && gradientColumn < int(gradient.width()));
    const SumOperands product = meeting(r.y, r.z, gradientColumn, gradientRow);
    term = product.weight * product.pixel;
  } else {
    auto meet = [&](const Axis &axis, Expr pixel, Expr tap, Expr &kernel, Expr &output) {
      Expr reached = pixel + axis.before;
      if (dilated) {
        kernel = tap;
        output = (reached - tap * axis.dilation) / axis.stride; // Where it divides; else the tap is no tap.
        return (reached - tap * axis.dilation) % axis.stride == 0;
      }
      kernel = reached % axis.stride + axis.stride * tap;
      output = reached / axis.stride - tap;
      return kernel < axis.kernel;
    };
    Expr kernelX, kernelY, outX, outY;
    const Expr meetsColumn = meet(column, x, r.y, kernelX, outX), meetsRow = meet(row, y, r.z, kernelY, outY);
    StridedTap tap{r.y, r.z, column.stride > 1 ? Expr(x) : Expr(0), row.stride > 1 ? Expr(y) : Expr(0)};
    Expr output; // Which is the same for the tap and for its variable.
    meet(column, x, kx, tap.column, output);
    meet(row, y, ky, tap.row, output);
    tap.column = clamp(tap.column, 0, column.kernel - 1);
    tap.row = clamp(tap.row, 0, row.kernel - 1);
    const SumOperands product =
        meeting(clamp(kernelX, 0, column.kernel - 1), clamp(kernelY, 0, row.kernel - 1), outX, outY, &tap);
    if (together) {
      r.where(meetsColumn && outX >= 0 && outX < int(gradient.width()));
      r.where(meetsRow && outY >= 0 && outY < int(gradient.height()));
      term = product.weight * product.pixel;
    } else {
      term = select(meetsColumn && meetsRow, product.weight, 0.0f) * product.pixel;
    }
  }
  if (group.count > 1 && result.block > result.shape[1]) // Gradients are zero in their padding lanes.
    term = select(c < int(result.shape[1]), term, 0.0f);
  sum(c, x, y, n) += term;
  stage.reduction = {r.x, r.y, r.z};
  stage.sum = sum;
  stage.results = {{sum, result}};
  return stage;
}

namespace {

/// Images of a device's partial sum: as few as give the device enough threads, while the partial sums stay small.
int imagesOfChunk(const TensorSpec &weight, int images) {
  constexpr int64_t sumsOfThread = 128, threads = 65536, mostSums = 16 << 20;
  const int64_t elements = physicalElements(weight);
  const int64_t chunks = std::min(threads * sumsOfThread / elements + 1, std::max<int64_t>(1, mostSums / elements));
  return int((images + chunks - 1) / std::min<int64_t>(chunks, images));
}

// On a device a thread adds up all pixels of a chunk of images; chunks are added up last, in their order. What windows
// have outside of the image is left out: it is that for all channels of a thread.
Stage conv2dWeightGradientOnDevice(const OpSpec &op, const Tensor &in, const Tensor &gradient) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const auto &shape = op.results[0].shape;
  const Axis row = rows(op, shape[2]), column = columns(op, shape[3]);
  const int lanes = int(op.results[0].block), images = int(in.images());
  const int perChunk = imagesOfChunk(op.results[0], images), chunks = (images + perChunk - 1) / perChunk;
  const Groups group = groups(op, shape[0], shape[1], lanes);

  Stage stage;
  Var u("chunk");
  RDom r(0, int(gradient.width()), 0, int(gradient.height()), 0, perChunk, "r");
  Expr ix = r.x * column.stride + kx * column.dilation - column.before,
       iy = r.y * row.stride + ky * row.dilation - row.before, image = u * perChunk + r.z;
  if (list(op, "pad", {0, 0, 0, 0}) != std::vector<int64_t>{0, 0, 0, 0}) {
    r.where(ix >= 0 && ix < int(in.width()));
    r.where(iy >= 0 && iy < int(in.height()));
  }
  if (images % perChunk != 0)
    r.where(image < images);
  stage.pixels = Func("pixels");
  stage.pixels(c, x, y, n) = in.at(c, x, y, n);
  stage.weights = Func("gradients");
  stage.weights(c, x, y, n) = gradient.at(c, x, y, n);
  Expr input = group.count > 1 ? block / (group.outputs / lanes) * group.inputs + i : i;
  Func sum("conv2d_weight_gradient"), partial("partial"), total("weight_gradient");
  sum(b, i, kx, ky, block, u) = 0.0f;
  sum(b, i, kx, ky, block, u) += stage.weights(block * lanes + b, r.x, r.y, image) * stage.pixels(input, ix, iy, image);
  partial(b, i, kx, ky, block, u) = sum(b, i, kx, ky, block, u);
  Expr all = partial(b, i, kx, ky, block, 0);
  for (int chunk = 1; chunk < chunks; ++chunk)
    all += partial(b, i, kx, ky, block, chunk);
  total(b, i, kx, ky, block) = strict_float(all);
  stage.sum = sum;
  stage.reduction = {r.x, r.y, r.z};
  stage.partial = partial;
  stage.results = {{total, op.results[0]}};
  return stage;
}

} // namespace

// Two levels: the sum over the pixels of one image stays in registers; images are added up in a few fixed chunks, which
// run in parallel and are summed last in their order, so that the result does not depend on the number of threads.
Stage conv2dWeightGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &in = operands[0], &gradient = operands[1];
  if (integer(op, onDevice, 0))
    return conv2dWeightGradientOnDevice(op, in, gradient);
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
  Expr ix = r.x * column.stride + kx * column.dilation - column.before,
       iy = r.y * row.stride + ky * row.dilation - row.before;
  Expr channel = block * lanes + b;
  // A block lies in one group.
  const Groups group = groups(op, shape[0], shape[1], lanes);
  Expr input = group.count > 1 ? block / (group.outputs / lanes) * group.inputs + i : i;
  Expr pixel = pads ? Expr(stage.padding(input, ix, iy, n)) : in.at(input, ix, iy, n);

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
  total(b, i, kx, ky, block) = strict_float(all); // The same bits whatever follows in the kernel.
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
  const int inputs = int(weight.spec.shape[1]);
  const int lanes = int(weight.spec.block), toLanes = int(to.block);
  Func transposed("transpose_weight");
  Expr input = block * toLanes + b;
  Expr value = weight({i % lanes, min(input, inputs - 1), kx, ky, i / lanes});
  transposed(b, i, kx, ky, block) = inputs % toLanes == 0 ? value : select(input < inputs, value, 0.0f);
  return {.results = {{transposed, to}}};
}

} // namespace fovea
