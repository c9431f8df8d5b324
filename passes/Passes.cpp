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

llvm::StringRef kindOf(mlir::func::FuncOp function) {
  auto kind = function->getAttrOfType<mlir::StringAttr>("cnn.kind");
  return kind ? kind.getValue() : "infer";
}

std::optional<Tuning> tuningOrError(const std::string &paths, const TargetInfo &target, mlir::Operation *op) {
  try {
    return Tuning(paths, target);
  } catch (const std::exception &error) {
    mlir::emitError(mlir::UnknownLoc::get(op->getContext())) << error.what();
    return std::nullopt;
  }
}

} // namespace fovea
