// What the front end says about a model's text; shared by the tests of errors.
#pragma once

#include "frontend/Frontend.h"

#include <gtest/gtest.h>

namespace fovea {

/// A model's text and all that is printed about it; each starts after its first
/// character, a line end.
struct ErrorCase {
  const char *name, *text, *expected;
};

inline std::string diagnose(const std::string &text) {
  Source source{"m.net", text.substr(text.starts_with('\n'))};
  Diagnostics diagnostics(source);
  loadModel(source, diagnostics);
  return diagnostics.print();
}

} // namespace fovea
