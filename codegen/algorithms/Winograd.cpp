// Convolution with stride 1 by Winograd's minimal filtering: tiles of `tile` by `tile` results come from t by t
// products for each pair of channels, t = tile + kernel - 1, instead of tile * tile * kernel * kernel. The products are
// t * t matrix products over the channels; around them stand the transforms of the data, of the weight and of the
// results.
#include "codegen/algorithms/Convolution.h"
#include "codegen/algorithms/WinogradMatrices.h"

#include <functional>

namespace fovea {

using namespace Halide;

namespace {

/// sum of coefficients[i] * values(i), without the products by 0, 1 and -1.
Expr combination(const std::vector<double> &coefficients, const std::function<Expr(int)> &values) {
  Expr sum;
  for (int i = 0; i < int(coefficients.size()); ++i) {
    const double factor = coefficients[i];
    if (factor == 0)
      continue;
    if (!sum.defined())
      sum = factor == 1 ? values(i) : factor == -1 ? -values(i) : values(i) * float(factor);
    else if (factor == -1)
      sum -= values(i);
    else
      sum += factor == 1 ? values(i) : values(i) * float(factor);
  }
  return sum;
}

Matrix transpose(const Matrix &matrix) {
  Matrix result(matrix[0].size(), std::vector<double>(matrix.size()));
  for (size_t row = 0; row < matrix.size(); ++row)
    for (size_t column = 0; column < matrix[row].size(); ++column)
      result[column][row] = matrix[row][column];
  return result;
}

/// matrix * tile * matrix^T of each tile, whose number at column x and row y is tile(x, y). `arguments` come first in
/// the functions' arguments; then the column and the row, vars.kx and vars.ky.
TileTransform transformed(const std::string &name, const Matrix &matrix, const std::vector<Var> &arguments,
                          const std::function<Expr(Expr, Expr)> &tile) {
  const Var kx = vars.kx, ky = vars.ky;
  TileTransform transform{Func(name + "_rows"), Func(name), int(matrix[0].size()), int(matrix.size())};
  std::vector<Var> all = arguments;
  all.insert(all.end(), {kx, ky});
  std::vector<Expr> rows, columns;
  for (const auto &row : matrix)
    rows.push_back(combination(row, [&](int from) { return tile(from, ky); }));
  transform.rows(all) = mux(kx, rows);
  for (const auto &row : matrix)
    columns.push_back(combination(row, [&](int from) {
      std::vector<Expr> at(arguments.begin(), arguments.end());
      at.insert(at.end(), {kx, from});
      return transform.rows(at);
    }));
  transform.all(all) = mux(ky, columns);
  return transform;
}

/// The tiles of an operation's results, numbered along rows, then down, then over the images.
struct Tiles {
  int size, transformed; ///< Numbers in a row of a tile, and in a row of its transform.
  int across, down;

  Tiles(int64_t tile, int64_t kernel, const TensorSpec &result)
      : size(int(tile)), transformed(int(tile + kernel - 1)), across(int((result.shape[3] + tile - 1) / tile)),
        down(int((result.shape[2] + tile - 1) / tile)) {}

  Expr left(Expr number) const { return number % across * size; }
  /// Not by a remainder, whose bounds would be the whole image where a row of tiles is computed.
  Expr top(Expr number) const { return (number / across - image(number) * down) * size; }
  Expr image(Expr number) const { return number / (across * down); }
  Expr at(Expr x, Expr y, Expr n) const { return x / size + across * (y / size + down * n); }
};

const Var tileVar("tile");

/// Transforms tiles of `image`, whose corners lie `left` and `top` of those of the tiles of results. Channels stand in
/// blocks of `block`, each with all its tiles; with 0 a tile has all channels.
TileTransform tilesTransform(const std::string &name, const Matrix &matrix, const Tiles &tiles, Func image,
                             int64_t left, int64_t top, int block) {
  const std::vector<Var> arguments =
      block ? std::vector<Var>{vars.b, tileVar, vars.block} : std::vector<Var>{vars.c, tileVar};
  const Expr channel = block ? vars.block * block + vars.b : Expr(vars.c);
  return transformed(name, matrix, arguments, [&](Expr x, Expr y) {
    return image(channel, tiles.left(tileVar) + x - int(left), tiles.top(tileVar) + y - int(top), tiles.image(tileVar));
  });
}

} // namespace

Stage winogradWeight(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &weight = operands[0];
  const TensorSpec &to = op.results[0];
  const int kernel = int(weight.spec.shape[2]), filters = int(weight.spec.shape[0]), inputs = int(weight.spec.shape[1]);
  const int lanes = int(weight.spec.block), toLanes = int(to.block);
  const bool transposed = to.layout == LayoutKind::WeightTransposed;
  const WinogradMatrices matrices(int(integer(op, "tile", 1)), kernel);
  const int extent = transposed ? inputs : filters;
  Expr lane = block * toLanes + b;
  auto tap = [&](Expr column, Expr row) -> Expr {
    if (!transposed)
      return weight({b, i, column, row, block}); // Blocks are the same, their padding lanes zero.
    Expr input = min(lane, inputs - 1);          // Kernels turn half around.
    return weight({i % lanes, input, kernel - 1 - column, kernel - 1 - row, i / lanes});
  };
  TileTransform transform = transformed("winograd_weight", matrices.filter, {b, i, block}, tap);
  Func result("winograd_weight");
  Expr value = transform.all(b, i, block, kx, ky);
  result(b, i, kx, ky, block) = transposed && extent % toLanes != 0 ? select(lane < extent, value, 0.0f) : value;
  return {.results = {{result, to}}, .transforms = {transform}};
}

namespace {

/// Multiplies transformed tiles by the transformed weight, sums over the input channels and transforms back by `back`: a
/// convolution, or its input gradient. The stage receives all of it; what the result's tiles are is returned.
TileTransform multiplied(Stage &stage, const Groups &group, const Tensor &weight, const TensorSpec &result,
                         const TileTransform &tiles, const Matrix &back) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  RDom r(0, group.inputs, "r");
  const auto [at, channel] = weightElement(group, weight.spec, existing(c, result, group.count), r.x, kx, ky);
  Func sum("winograd_sum"), products("winograd_products");
  sum(c, tileVar, kx, ky) = 0.0f;
  sum(c, tileVar, kx, ky) += weight(at) * tiles.all(channel, tileVar, kx, ky);
  products(c, tileVar, kx, ky) = sum(c, tileVar, kx, ky);
  TileTransform transform = transformed("winograd_result", back, {c, tileVar},
                                        [&](Expr column, Expr row) { return products(c, tileVar, column, row); });
  stage.sum = sum;
  stage.reduction = {r.x};
  stage.products = products;
  stage.transforms = {tiles, transform};
  return transform;
}

} // namespace

Stage winogradConv2d(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &in = operands[0], &weight = operands[1];
  const TensorSpec &result = op.results[0];
  const auto pad = list(op, "pad", {0, 0, 0, 0});
  const int64_t tile = integer(op, "tile", 1), kernel = weight.spec.shape[2] - tile + 1,
                count = integer(op, "groups", 1);
  const WinogradMatrices matrices{int(tile), int(kernel)};
  const Tiles tiles(tile, kernel, result);
  const bool transposed = weight.spec.layout == LayoutKind::WeightTransposed;
  const Groups group =
      groups(op, result.shape[1], transposed ? weight.spec.shape[0] / count : weight.spec.shape[1], weight.spec.block);

  Stage stage;
  stage.padding = zeroPadded(in);
  TileTransform data = tilesTransform("data", matrices.data, tiles, stage.padding, pad[1], pad[0], 0);
  TileTransform back = multiplied(stage, group, weight, result, data, matrices.output);
  Func y2d("winograd_conv2d");
  Expr value = back.all(c, tiles.at(x, y, n), x % tiles.size, y % tiles.size);
  y2d(c, x, y, n) = operands.size() == 3 ? value + operands[2].at(c, 0, 0, 0) : value;
  stage.results = {{y2d, result}};
  return stage;
}

// The transposed map of a tile's results: the product of a tile of the gradient and a kernel, as polynomials, by the
// same points. With kernels that are turned already, it is the turned tile's, and comes out turned.
Stage winogradInputGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &gradient = operands[0], &weight = operands[1];
  const TensorSpec &result = op.results[0];
  const auto pad = list(op, "pad", {0, 0, 0, 0});
  const int tile = int(integer(op, "tile", 1)), kernel = int(weight.spec.shape[2]) - tile + 1;
  const WinogradMatrices matrices{tile, kernel};
  const Tiles tiles(tile, kernel, gradient.spec);
  const Groups group = groups(op, result.shape[1], weight.spec.shape[0] / integer(op, "groups", 1), weight.spec.block);

  Stage stage;
  stage.padding = zeroPadded(gradient); // The last tiles reach past the gradient.
  TileTransform spread = transformed("gradient", transpose(matrices.output), {c, tileVar}, [&](Expr column, Expr row) {
    return stage.padding(c, tiles.left(tileVar) + tile - 1 - column, tiles.top(tileVar) + tile - 1 - row,
                         tiles.image(tileVar));
  });
  TileTransform back = multiplied(stage, group, weight, result, spread, transpose(matrices.data));
  Func dx("winograd_input_gradient");

  // A pixel of the padded input lies in the tiles that begin at most t - 1 before it.
  const int t = tiles.transformed;
  Expr total = 0.0f, column = x + int(pad[1]), row = y + int(pad[0]);
  for (int up = 0; up < (t + tile - 1) / tile; ++up)
    for (int left = 0; left < (t + tile - 1) / tile; ++left) {
      Expr tx = column / tile - left, ty = row / tile - up;
      Expr inX = column - tx * tile, inY = row - ty * tile;
      Expr reached = tx >= 0 && tx < tiles.across && ty >= 0 && ty < tiles.down && inX < t && inY < t;
      Expr number = clamp(tx, 0, tiles.across - 1) + tiles.across * (clamp(ty, 0, tiles.down - 1) + tiles.down * n);
      total += select(reached, back.all(c, number, max(t - 1 - inX, 0), max(t - 1 - inY, 0)), 0.0f);
    }
  dx(c, x, y, n) = total;
  stage.results = {{dx, result}};
  return stage;
}

// The gradient of a kernel's tap is a correlation of the image with the gradient of the result: the same transforms of
// the image as forwards, and those of a filter, for the tiles of the gradient, which F(kernel, tile) takes for its
// kernels. The products of all tiles are added up before the one transform back.
Stage winogradWeightGradient(const OpSpec &op, const std::vector<Tensor> &operands) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const Tensor &in = operands[0], &gradient = operands[1];
  const TensorSpec &result = op.results[0];
  const auto pad = list(op, "pad", {0, 0, 0, 0});
  const int64_t tile = integer(op, "tile", 1), kernel = result.shape[2];
  const int lanes = int(result.block);
  const WinogradMatrices matrices{int(kernel), int(tile)};
  const Tiles tiles(tile, kernel, gradient.spec);
  const Groups group = groups(op, result.shape[0], result.shape[1], lanes);

  Stage stage;
  stage.padding = zeroPadded(in);
  // The sum goes along the tiles: in memory they are as near to each other as a register tile reads them. (Channels lie
  // a power of two apart, and would meet in a few cache lines.)
  int inputLanes = 1;
  while (inputLanes < 16 && in.spec.block % (2 * inputLanes) == 0)
    inputLanes *= 2;
  TileTransform data = tilesTransform("data", matrices.data, tiles, stage.padding, pad[1], pad[0], inputLanes);
  // The last tiles reach past the gradient.
  TileTransform filter = tilesTransform("gradient", matrices.filter, tiles, zeroPadded(gradient), 0, 0, lanes);
  RDom r(0, tiles.across * tiles.down * int(gradient.images()), "r");
  Expr input = group.count > 1 ? block / (group.outputs / lanes) * group.inputs + i : i;
  Func sum("winograd_sum"), products("winograd_products"), dw("winograd_weight_gradient");
  sum(b, i, kx, ky, block) = 0.0f;
  sum(b, i, kx, ky, block) +=
      filter.all(b, r.x, block, kx, ky) * data.all(input % inputLanes, r.x, input / inputLanes, kx, ky);
  products(b, i, kx, ky, block) = sum(b, i, kx, ky, block);
  TileTransform back = transformed("winograd_result", matrices.output, {b, i, block},
                                   [&](Expr column, Expr row) { return products(b, i, column, row, block); });
  dw(b, i, kx, ky, block) = back.all(b, i, block, kx, ky);
  stage.sum = sum;
  stage.reduction = {r.x};
  stage.products = products;
  stage.transforms = {data, filter, back};
  stage.results = {{dw, result}};
  return stage;
}

} // namespace fovea
