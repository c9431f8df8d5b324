#include "frontend/Scope.h"

namespace fovea {

using ast::Expr;

Expr substituted(Expr expr, const std::map<std::string, Expr> &values) {
  if (auto found = values.find(expr.text); expr.kind == Expr::Kind::Name && found != values.end()) {
    const Location location = expr.location;
    expr = found->second;
    expr.location = location; // Errors are told where the block uses it.
    return expr;
  }
  for (Expr &item : expr.items)
    item = substituted(std::move(item), values);
  for (ast::Argument &argument : expr.arguments)
    argument.value = substituted(std::move(argument.value), values);
  return expr;
}

} // namespace fovea
