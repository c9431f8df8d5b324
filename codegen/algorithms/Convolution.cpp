#include "codegen/algorithms/Convolution.h"

namespace fovea {

using namespace Halide;

Func zeroPadded(const Tensor &in) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  Func padded("padded");
  const int width = int(in.width()), height = int(in.height());
  Expr inside = x >= 0 && x < width && y >= 0 && y < height;
  Expr value = in.at(c, clamp(x, 0, width - 1), clamp(y, 0, height - 1), n);
  padded(c, x, y, n) = select(inside, value, cast(value.type(), 0));
  return padded;
}

Groups groups(const OpSpec &op, int64_t channels, int64_t inputs, int64_t block) {
  const int count = int(integer(op, "groups", 1)), outputs = int(channels) / count;
  int lanes = 1;
  while (lanes < 16 && block % (2 * lanes) == 0 && outputs % (2 * lanes) == 0)
    lanes *= 2;
  return {count, outputs, int(inputs), lanes};
}

Expr existing(Expr c, const TensorSpec &result, int count) {
  const int channels = int(result.shape[1]);
  return count > 1 && result.block > channels ? min(c, channels - 1) : c;
}

WeightElement weightElement(const Groups &group, const TensorSpec &weight, Expr filter, Expr input, Expr kx, Expr ky) {
  const int lanes = int(weight.block);
  Expr inBlock = filter % lanes, blocks = filter / lanes;
  Expr channel = group.count > 1 ? group.of(filter) * group.inputs + input : input;
  if (weight.layout == LayoutKind::Weight)
    return {{inBlock, input, kx, ky, blocks}, channel};
  if (group.count > 1)
    blocks = blocks % (group.outputs / lanes); // The transposed weight has the channels of one group.
  return {{inBlock, channel, kx, ky, blocks}, channel};
}

SumOperands::SumOperands(Stage &stage, const OpSpec &op, const Groups &group, const Tensor &weightTensor,
                         const Tensor &in, Expr filter, const LayerSum *pairs, Expr input, Expr kx, Expr ky, Expr x,
                         Expr y, const StridedTap *strided) {
  const auto [at, channel] = weightElement(group, weightTensor.spec, filter, input, kx, ky);
  const Tensor source = stage.padding.defined() ? Tensor{stage.padding, in.spec} : in;
  if (!integer(op, onDevice, 0)) {
    weight = weightTensor(pairs ? pairs->inWeight(weightTensor.spec, filter, at) : at);
    pixel = source.at(channel, x, y, vars.n);
    return;
  }
  stage.weights = Func("weights");
  if (strided) {
    stage.weights(vars.c, vars.i, vars.kx, vars.ky, vars.x, vars.y) =
        weightTensor(weightElement(group, weightTensor.spec, vars.c, vars.i, strided->column, strided->row).at);
    weight = stage.weights(filter, input, strided->x, strided->y, strided->pixelX, strided->pixelY);
  } else {
    stage.weights(vars.c, vars.i, vars.kx, vars.ky) =
        weightTensor(weightElement(group, weightTensor.spec, vars.c, vars.i, vars.kx, vars.ky).at);
    weight = stage.weights(filter, input, kx, ky);
  }
  stage.pixels = Func("pixels");
  stage.pixels(vars.c, vars.x, vars.y, vars.n) = source.at(vars.c, vars.x, vars.y, vars.n);
  pixel = stage.pixels(channel, x, y, vars.n);
}

} // namespace fovea
