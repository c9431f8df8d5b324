// The front end as one call: a model file's text to a checked graph.
#pragma once

#include "frontend/Ast.h"
#include "frontend/Graph.h"

#include <optional>

namespace fovea {

/// Parses and checks. Null when there are errors; `diagnostics` then holds all of them, and warnings in any case.
std::optional<Graph> loadModel(const Source &source, Diagnostics &diagnostics);

/// The model in canonical form. Null when there are errors, of checking too.
std::optional<std::string> printModel(const Source &source, Diagnostics &diagnostics);

} // namespace fovea
