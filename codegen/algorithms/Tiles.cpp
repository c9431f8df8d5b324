#include "codegen/algorithms/Tiles.h"

namespace fovea {

using namespace Halide;

Func tiledSums(const Tensor &image, Func padding, const Tensor &weight, const TiledWindow &window) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const auto &[column, row, outputs, inputs] = window;
  const ExternFuncArgument from = padding.defined() ? ExternFuncArgument(padding) : ExternFuncArgument(image.parameter);
  Func sums("tiled_sums");
  sums.define_extern("fovea_amx_sums",
                     {from, weight.parameter, column.stride, row.stride, column.dilation, row.dilation, column.before,
                      row.before, int(image.spec.block), outputs, inputs},
                     Float(32), {c, x, y, n});
  return sums;
}

} // namespace fovea
