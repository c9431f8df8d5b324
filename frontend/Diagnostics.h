// Errors and warnings of a model file: collected, so that one run reports them all, and printed with their source line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// A byte offset into the source text.
using Location = size_t;

/// A model file's text and name.
struct Source {
  std::string name, text;

  struct Position {
    int line, column; ///< Both from 1; columns count bytes.
  };
  Position position(Location location) const;
  /// The line that holds `location`, without its end.
  std::string_view line(Location location) const;
};

struct Diagnostic {
  bool isError;
  Location location;
  std::string message, help;
};

class Diagnostics {
public:
  explicit Diagnostics(const Source &source) : source(source) {}

  void error(Location location, std::string message, std::string help = "");
  void warning(Location location, std::string message, std::string help = "");
  bool hasErrors() const { return errors > 0; }
  /// Further errors are only counted.
  bool full() const;
  const std::vector<Diagnostic> &all() const { return diagnostics; }

  /// All of them in the order of the text: `file:line:column: error: message`, the line, a caret, `  help: remedy`.
  std::string print() const;

private:
  const Source &source;
  std::vector<Diagnostic> diagnostics;
  size_t errors = 0, warnings = 0;
};

/// The candidate that differs from `word` in the fewest letters, or "" when none is near.
std::string nearest(std::string_view word, const std::vector<std::string> &candidates);

} // namespace fovea
