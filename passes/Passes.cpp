#include "passes/Passes.h"

namespace fovea {

std::optional<TargetInfo> targetOrError(const std::string &name, mlir::Operation *op) {
  try {
    return targetNamed(name);
  } catch (const std::exception &error) {
    op->emitError(error.what());
    return std::nullopt;
  }
}

} // namespace fovea
