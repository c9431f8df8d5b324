// The arguments of one call, read by name and kind; every misuse is reported where it stands.
#pragma once

#include "frontend/Ast.h"
#include "frontend/Graph.h"

#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace fovea {

class Arguments {
public:
  /// `call` is a call or a bare name (no arguments). `positional` names the arguments that may stand without a name, in
  /// order; `named` those that may not.
  Arguments(const ast::Expr &call, std::vector<std::string> positional, std::vector<std::string> named,
            Diagnostics &diagnostics);

  /// Where the argument stands, or the call when it was left out.
  Location location(const std::string &name) const;
  const ast::Expr *find(const std::string &name) const;

  /// A missing argument without a default is an error; a wrong one too. After an error they return the least value.
  int64_t integer(const std::string &name, std::optional<int64_t> otherwise, int64_t least, int64_t most);
  double number(const std::string &name, std::optional<double> otherwise, double least = -HUGE_VAL,
                double most = HUGE_VAL);
  bool flag(const std::string &name, bool otherwise);
  std::string word(const std::string &name, const std::string &otherwise, const std::vector<std::string> &allowed);
  /// n or [h, w].
  std::vector<int64_t> pair(const std::string &name, std::optional<std::vector<int64_t>> otherwise, int64_t least);
  /// n, [h, w] or [top, left, bottom, right]; four numbers.
  std::vector<int64_t> padding(const std::string &name);

  bool ok() const { return good; }
  void error(const std::string &name, const std::string &message, const std::string &help);

private:
  const ast::Expr &call;
  Diagnostics &diagnostics;
  std::vector<std::pair<std::string, const ast::Argument *>> given;
  bool good = true;

  std::string form(const std::string &name) const { return "`" + call.text + "` argument `" + name + "`"; }
  std::optional<int64_t> whole(const ast::Expr &value, const std::string &name, int64_t least, int64_t most);
  std::optional<std::vector<int64_t>> wholes(const ast::Expr &value, const std::string &name, int64_t least);
  bool missing(const std::string &name);
};

/// An argument's largest whole number: larger extents are mistakes.
inline constexpr int64_t largestExtent = 1 << 20;

} // namespace fovea
