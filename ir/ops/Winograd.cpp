#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

namespace {

/// Points are known for t up to 8.
constexpr int64_t largestTransform = 8;

int64_t tilesOver(int64_t extent, int64_t tile) { return (extent + tile - 1) / tile; }

/// Tiles of all images of `y`.
int64_t tiles(Shape y, int64_t tile) { return y[0] * tilesOver(y[2], tile) * tilesOver(y[3], tile); }

/// Multiply-adds of transforming one tile of t by t numbers into m by m, row by row and then column by column.
int64_t transformCost(int64_t t, int64_t m) { return m * t * t + m * m * t; }

/// FLOPs of a convolution: products, and transforms of the tiles of both images.
int64_t winogradFlops(Shape x, Shape y, Shape w, int64_t t, int64_t tile) {
  const int64_t count = tiles(y, tile);
  return 2 * count * (t * t * w[0] * w[1] + x[1] * transformCost(t, t) + y[1] * transformCost(t, tile));
}

LogicalResult checkTile(int64_t tile, int64_t t, Rule rule) {
  if (tile >= 1 && t <= largestTransform)
    return success();
  return rule.broken("tiles of " + Twine(tile) + " make transforms of " + Twine(t) + ", but they can be 1 to " +
                     Twine(largestTransform) + " wide");
}

} // namespace

LogicalResult WinogradWeightOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                 InferredTypes &types) {
  const Rule rule = ruleOf<WinogradWeightOp>(location);
  const Shape w = shapeOf(op.getW());
  if (w[2] != w[3])
    return rule.broken("needs square kernels, not those of weight " + toText(w));
  const int64_t t = op.getTile() + w[2] - 1;
  if (failed(checkTile(op.getTile(), t, rule)))
    return failure();
  types.push_back(plainType(op.getW(), {w[0], w[1], t, t}));
  return success();
}

int64_t WinogradWeightOp::flops() {
  const Shape w = shapeOf(getW());
  return 2 * w[0] * w[1] * transformCost(w[2], shapeOf(getU())[2]);
}

LogicalResult WinogradConv2dOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                 InferredTypes &types) {
  const Rule rule = ruleOf<WinogradConv2dOp>(location);
  const Shape x = shapeOf(op.getX()), u = shapeOf(op.getU());
  const int64_t groups = op.getGroups(), tile = op.getTile();
  if (u[2] != u[3] || u[2] < tile)
    return rule.broken("u " + toText(u) + " does not hold transformed kernels for tiles of " + Twine(tile));
  if (failed(checkTile(tile, u[2], rule)))
    return failure();
  if (groups < 1 || u[0] % groups != 0)
    return rule.broken("the " + Twine(u[0]) + " filters of u " + toText(u) + " do not divide into " + Twine(groups) +
                       " groups");
  const int64_t reads = op.getTransposed() ? u[0] : u[1] * groups, writes = op.getTransposed() ? u[1] * groups : u[0];
  if (x[1] != reads)
    return rule.broken("input " + toText(x) + " has " + Twine(x[1]) + " channels, but u " + toText(u) + " reads " +
                       Twine(reads));
  const int64_t kernel[] = {u[2] - tile + 1, u[3] - tile + 1}, one[] = {1, 1};
  auto extents = Window{.kernel = kernel, .stride = one, .pad = op.getPad()}.output(x, rule);
  if (failed(extents) || failed(checkPerChannel("bias", op.getBias(), writes, rule)))
    return failure();
  types.push_back(plainType(op.getX(), {x[0], writes, (*extents)[0], (*extents)[1]}));
  return success();
}

int64_t WinogradConv2dOp::flops() {
  const Shape u = shapeOf(getU());
  return winogradFlops(shapeOf(getX()), shapeOf(getY()), u, u[2], getTile()) + (getBias() ? elements(getY()) : 0);
}

LogicalResult WinogradInputGradientOp::verify() {
  const Rule rule = Rule::of(*this);
  const Shape dy = shapeOf(getDy()), u = shapeOf(getU()), dx = shapeOf(getDx());
  const int64_t groups = getGroups(), tile = getTile();
  if (u[2] != u[3] || u[2] < tile)
    return rule.broken("u " + toText(u) + " does not hold transformed kernels for tiles of " + Twine(tile));
  if (failed(checkTile(tile, u[2], rule)))
    return failure();
  if (groups < 1 || u[0] % groups != 0 || dx[1] != u[1] * groups)
    return rule.broken("u " + toText(u) + " in " + Twine(groups) + " groups does not read input " + toText(dx));
  const int64_t kernel[] = {u[2] - tile + 1, u[3] - tile + 1}, one[] = {1, 1};
  auto extents = Window{.kernel = kernel, .stride = one, .pad = getPad()}.output(dx, rule);
  if (failed(extents))
    return failure();
  return rule.sameShape("dy", dy, "the convolution's result", {dx[0], u[0], (*extents)[0], (*extents)[1]});
}

int64_t WinogradInputGradientOp::flops() {
  const Shape dy = shapeOf(getDy()), u = shapeOf(getU()), dx = shapeOf(getDx());
  const int64_t t = u[2], count = tiles(dy, getTile());
  return 2 * count * (t * t * u[0] * u[1] + dy[1] * transformCost(getTile(), t) + dx[1] * transformCost(t, t));
}

LogicalResult WinogradWeightGradientOp::verify() {
  const Rule rule = Rule::of(*this);
  const Shape x = shapeOf(getX()), w = shapeOf(getDw());
  const int64_t groups = getGroups();
  if (w[2] != w[3])
    return rule.broken("needs square kernels, not those of weight " + toText(w));
  if (failed(checkTile(getTile(), getTile() + w[2] - 1, rule)))
    return failure();
  if (groups < 1 || w[0] % groups != 0 || x[1] != w[1] * groups)
    return rule.broken("weight " + toText(w) + " in " + Twine(groups) + " groups does not read input " + toText(x));
  const int64_t one[] = {1, 1};
  auto extents = Window{.kernel = w.drop_front(2), .stride = one, .pad = getPad()}.output(x, rule);
  if (failed(extents))
    return failure();
  return rule.sameShape("dy", shapeOf(getDy()), "the convolution's result", {x[0], w[0], (*extents)[0], (*extents)[1]});
}

int64_t WinogradWeightGradientOp::flops() {
  const Shape x = shapeOf(getX()), y = shapeOf(getDy()), w = shapeOf(getDw());
  const int64_t t = getTile() + w[2] - 1, count = tiles(y, getTile());
  return 2 * (count * (t * t * w[0] * w[1] + x[1] * transformCost(t, t) + y[1] * transformCost(getTile(), t)) +
              w[0] * w[1] * transformCost(t, w[2]));
}

} // namespace fovea::cnn
