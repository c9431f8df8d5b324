// From text to the tree of frontend/Ast.h.
#pragma once

#include "frontend/Ast.h"

namespace fovea {

/// Parses the whole text. After an error it goes on with the next statement, so that every error is reported; the tree
/// holds what could be read.
ast::Model parseModel(const Source &source, Diagnostics &diagnostics);

} // namespace fovea
