#include "frontend/Frontend.h"

#include "frontend/Checker.h"
#include "frontend/Parser.h"

namespace fovea {

std::optional<Graph> loadModel(const Source &source, Diagnostics &diagnostics) {
  const ast::Model model = parseModel(source, diagnostics);
  Graph graph = checkModel(model, diagnostics);
  if (diagnostics.hasErrors())
    return std::nullopt;
  return graph;
}

std::optional<std::string> printModel(const Source &source, Diagnostics &diagnostics) {
  const ast::Model model = parseModel(source, diagnostics);
  checkModel(model, diagnostics);
  if (diagnostics.hasErrors())
    return std::nullopt;
  return ast::print(model);
}

} // namespace fovea
