// A network read from another tool's file, on its way to a model file (.net) and its parameters (.safetensors).
#pragma once

#include "frontend/Ast.h"
#include "runtime/Array.h"

#include <map>
#include <string>
#include <vector>

namespace fovea {

struct ImportedNode {
  std::string name;        ///< As the file has it.
  std::vector<int> inputs; ///< Earlier nodes.
  ast::Expr call;          ///< The operation without its layers: `conv(96, kernel: 11)`, `concat()`.
  /// By the end of their names: "weight", "bias". The operation has parameters when there is one; without values when
  /// the file had none.
  std::map<std::string, FloatTensor> parameters = {};
};

struct ImportedNetwork {
  std::string source;                ///< The file, for messages.
  std::string name = "Imported";     ///< Of the network.
  std::vector<std::string> comments; ///< Lines at the top of the model file.
  std::vector<int64_t> inputShape;   ///< Without the batch.
  std::vector<ImportedNode> nodes;   ///< In an order in which inputs come first; node 0 is the input.
  int output = 0;
  std::vector<ast::Setting> train; ///< Empty: no train block.
};

/// Writes the model file, and beside it the parameters if the network has any values, whole or not at all. Operations
/// become chains; names become legal and unique. The text is checked by the compiler's own front end first: what is
/// written compiles. Throws Error, one line.
void writeImported(const ImportedNetwork &network, const std::string &modelPath);

/// A file's name of something, for messages: at most 80 letters, none that would break a line.
std::string printable(const std::string &name);

// Parts of the tree.
ast::Expr number(double value);
ast::Expr word(const std::string &text);
ast::Expr list(const std::vector<int64_t> &numbers);
/// `n` when both are n, else [a, b].
ast::Expr pair(int64_t a, int64_t b);
ast::Expr call(const std::string &name, std::vector<ast::Argument> arguments = {});
inline ast::Argument argument(ast::Expr value) { return {"", 0, std::move(value)}; }
inline ast::Argument argument(const std::string &name, ast::Expr value) { return {name, 0, std::move(value)}; }

} // namespace fovea
