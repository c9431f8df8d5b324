#include "frontend/driver/Modules.h"

#include "mlir/Parser/Parser.h"

namespace fovea {

using namespace mlir;

OwningOpRef<ModuleOp> readModule(MLIRContext &context, const CompileOptions &options) {
  const std::string text = readFile(options.model);
  return parseSourceString<ModuleOp>(text, &context, options.model);
}

bool printAst(const CompileOptions &options, std::string &text) { return false; }

} // namespace fovea
