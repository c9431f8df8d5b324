// What names mean: in the network, or in one call of a block.
#pragma once

#include "frontend/Ast.h"

#include <map>

namespace fovea {

/// The names of the network, or of one call of a block.
struct Scope {
  const std::vector<ast::Definition> &definitions;
  size_t blocks;                                ///< So many of the model's blocks may be called.
  std::string prefix = "";                      ///< Of layers' names: "i3a.".
  std::map<std::string, ast::Expr> values = {}; ///< Parameters that are no layers.
  std::map<std::string, int> names =
      {}; ///< Node of each name; -1 when its definition is wrong, so that uses are no errors.
  std::map<std::string, bool> used = {};
  bool hasOutput = false;
  int output = -1;
  Location outputLocation = 0;
  std::string outputName = "";

  Scope(const std::vector<ast::Definition> &definitions, size_t blocks) : definitions(definitions), blocks(blocks) {}
};

/// The expression with the arguments of a block's call in the place of its parameters.
ast::Expr substituted(ast::Expr expr, const std::map<std::string, ast::Expr> &values);

} // namespace fovea
