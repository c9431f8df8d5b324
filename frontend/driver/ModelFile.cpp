#include "frontend/Frontend.h"
#include "frontend/IrGen.h"
#include "frontend/driver/Modules.h"

#include "mlir/Parser/Parser.h"

#include <cstdio>
#include <set>

namespace fovea {

using namespace mlir;

namespace {

void show(const Diagnostics &diagnostics) {
  const std::string text = diagnostics.print();
  std::fwrite(text.data(), 1, text.size(), stderr);
}

/// The functions that are compiled: `--batch` decides; without it, one image and the recipe's batch for inference, and
/// the recipe's batch for training.
IrGenOptions functionsOf(const Graph &graph, const CompileOptions &options) {
  const int64_t recipeBatch = graph.recipe ? graph.recipe->batch : 64;
  std::set<int64_t> infer{1, recipeBatch}, step{recipeBatch};
  if (!options.batches.empty())
    infer = step = std::set<int64_t>(options.batches.begin(), options.batches.end());
  // Without scores for classes there is no loss to train.
  if (options.inference || graph.classes() == 0)
    step.clear();
  return {{infer.begin(), infer.end()}, {step.begin(), step.end()}};
}

} // namespace

OwningOpRef<ModuleOp> readModule(MLIRContext &context, const CompileOptions &options) {
  Source source{options.model, readFile(options.model)};
  if (options.from != Stage::Net && options.from != Stage::Ast)
    return parseSourceString<ModuleOp>(source.text, &context, options.model);
  Diagnostics diagnostics(source);
  const std::optional<Graph> graph = loadModel(source, diagnostics);
  show(diagnostics);
  if (!graph)
    return {};
  return generateIr(context, *graph, source, functionsOf(*graph, options));
}

bool printAst(const CompileOptions &options, std::string &text) {
  Source source{options.model, readFile(options.model)};
  Diagnostics diagnostics(source);
  std::optional<std::string> printed = printModel(source, diagnostics);
  show(diagnostics);
  if (printed)
    text = *printed;
  return printed.has_value();
}

} // namespace fovea
