#include "codegen/algorithms/Tensor.h"

#include <algorithm>
#include <stdexcept>

namespace fovea {

using namespace Halide;

const Vars vars;

Expr Tensor::operator()(const std::vector<Expr> &arguments) const {
  return component < 0 ? Expr(func(arguments)) : Expr(func(arguments)[component]);
}

Expr Tensor::at(Expr c, Expr x, Expr y, Expr n) const {
  switch (spec.layout) {
  case LayoutKind::ChannelsLast:
    if (spec.shape.size() == 3)
      return (*this)({c, x, y});
    return spec.shape.size() == 4 ? (*this)({c, x, y, n}) : (*this)({c, n});
  case LayoutKind::Plain:
    if (spec.shape.size() == 4)
      return (*this)({x, y, c, n});
    return spec.shape.size() == 2 ? (*this)({c, n}) : (*this)({n});
  case LayoutKind::Vector:
    return (*this)({c});
  default:
    throw std::logic_error("a packed weight is not read by channel and pixel");
  }
}

std::vector<Var> dimensions(const TensorSpec &spec) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  switch (spec.layout) {
  case LayoutKind::ChannelsLast:
    if (spec.shape.size() == 3)
      return {c, x, y};
    return spec.shape.size() == 4 ? std::vector<Var>{c, x, y, n} : std::vector<Var>{c, n};
  case LayoutKind::Plain:
    if (spec.shape.size() == 4)
      return {x, y, c, n};
    return spec.shape.size() == 2 ? std::vector<Var>{c, n} : std::vector<Var>{n};
  case LayoutKind::Vector:
    return {c};
  case LayoutKind::LocalWeight:
  case LayoutKind::Weight:
  case LayoutKind::WeightTransposed:
    return {b, i, kx, ky, block};
  }
  throw std::logic_error("unknown layout");
}

Stage pointwise(const OpSpec &op, Expr value) {
  Func f(op.op);
  f(dimensions(op.results[0])) = value;
  return {.results = {{f, op.results[0]}}};
}

Expr here(const Tensor &operand) {
  if (operand.spec.layout == LayoutKind::LocalWeight || operand.spec.layout == LayoutKind::Weight || operand.spec.layout == LayoutKind::WeightTransposed)
    return operand({vars.b, vars.i, vars.kx, vars.ky, vars.block});
  return operand.at(vars.c, vars.x, vars.y, vars.n);
}

Expr inOrderOf(const TensorSpec &result, const Tensor &operand) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  const int channels = int(operand.channels());
  const int readable = operand.spec.layout == LayoutKind::Plain ? channels : int(operand.spec.block);
  const int written = result.layout == LayoutKind::Plain ? channels : int(result.block);
  Expr value = written <= readable ? operand.at(c, x, y, n) : operand.at(min(c, readable - 1), x, y, n);
  return written > channels ? select(c < channels, value, cast(value.type(), 0)) : value;
}

std::vector<Expr> exprs(const std::vector<Var> &variables) { return {variables.begin(), variables.end()}; }

LayerSum::LayerSum(const TensorSpec &weight, int64_t channels, int64_t columns, int64_t rows) {
  const bool pairs = weight.element == ElementType::BF16;
  const Range range[] = {{0, 2}, {0, int(pairs ? (channels + 1) / 2 : channels)}, {0, int(columns)}, {0, int(rows)}};
  const RDom r({std::begin(range) + (pairs ? 0 : 1), std::end(range)}, "r");
  domain = r;
  const int first = pairs ? 1 : 0;
  reduction = {r[first], r[first + 1], r[first + 2]};
  if (pairs)
    pair = r[0];
  channel = pairs ? 2 * reduction[0] + *pair : Expr(reduction[0]);
  column = reduction[1];
  row = reduction[2];
}

std::vector<Expr> LayerSum::inWeight(const TensorSpec &weight, Expr filter, std::vector<Expr> at) const {
  if (!pair)
    return at;
  int lanes = 1;
  while (lanes < 16 && weight.block % (2 * lanes) == 0)
    lanes *= 2;
  const int block = int(weight.block);
  at[0] = 2 * (filter / lanes % (block / lanes) * lanes + filter % lanes) + *pair;
  at[1] = reduction[0];
  return at;
}

int64_t integer(const OpSpec &op, const std::string &name, int64_t otherwise) {
  auto found = op.attributes.find(name);
  if (found == op.attributes.end())
    return otherwise;
  if (auto *flag = std::get_if<bool>(&found->second))
    return *flag;
  return std::get<int64_t>(found->second);
}

int64_t divisorOf(int64_t extent, int64_t atMost) {
  int64_t divisor = std::clamp<int64_t>(atMost, 1, std::max<int64_t>(1, extent));
  while (extent % divisor != 0)
    --divisor;
  return divisor;
}

int imagesTogether(const OpSpec &op, int64_t images) { return integer(op, onDevice, 0) && images % 8 == 0 ? 8 : 1; }

double number(const OpSpec &op, const std::string &name, double otherwise) {
  auto found = op.attributes.find(name);
  if (found == op.attributes.end())
    return otherwise;
  if (auto *whole = std::get_if<int64_t>(&found->second))
    return double(*whole);
  return std::get<double>(found->second);
}

std::string text(const OpSpec &op, const std::string &name, const std::string &otherwise) {
  auto found = op.attributes.find(name);
  return found == op.attributes.end() ? otherwise : std::get<std::string>(found->second);
}

std::vector<int64_t> list(const OpSpec &op, const std::string &name, std::vector<int64_t> otherwise) {
  auto found = op.attributes.find(name);
  return found == op.attributes.end() ? otherwise : std::get<std::vector<int64_t>>(found->second);
}

Axis rows(const OpSpec &op, int64_t kernelRows) {
  return {int(kernelRows), int(list(op, "stride", {1, 1})[0]), int(list(op, "pad", {0, 0, 0, 0})[0]),
          int(list(op, "dilation", {1, 1})[0])};
}

Axis columns(const OpSpec &op, int64_t kernelColumns) {
  return {int(kernelColumns), int(list(op, "stride", {1, 1})[1]), int(list(op, "pad", {0, 0, 0, 0})[1]),
          int(list(op, "dilation", {1, 1})[1])};
}

} // namespace fovea
