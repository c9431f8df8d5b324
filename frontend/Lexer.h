// Words of the model language.
#pragma once

#include "frontend/Diagnostics.h"

#include <string>
#include <vector>

namespace fovea {

struct Token {
  enum class Kind { Name, Number, Symbol, End } kind;
  std::string text; ///< Symbols: one of { } ( ) [ ] , : = ->
  Location location;
  bool startsLine; ///< The first word of its line.
};

/// Splits the text; comments run from # to the end of the line. Characters that belong to no word are errors. The last
/// token is of kind End.
std::vector<Token> tokenize(const Source &source, Diagnostics &diagnostics);

} // namespace fovea
