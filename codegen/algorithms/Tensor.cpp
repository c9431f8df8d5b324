#include "codegen/algorithms/Tensor.h"

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

std::vector<Expr> exprs(const std::vector<Var> &variables) { return {variables.begin(), variables.end()}; }

int64_t integer(const OpSpec &op, const std::string &name, int64_t otherwise) {
  auto found = op.attributes.find(name);
  if (found == op.attributes.end())
    return otherwise;
  if (auto *flag = std::get_if<bool>(&found->second))
    return *flag;
  return std::get<int64_t>(found->second);
}

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
