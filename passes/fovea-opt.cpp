// Runs single passes over printed IR, for tests and for reproducing what the driver does.
#include "ir/Cnn.h"
#include "passes/Passes.h"
#include "passes/Pipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<fovea::cnn::CnnDialect, mlir::func::FuncDialect, mlir::LLVM::LLVMDialect>();
  fovea::registerFoveaPasses();
  fovea::registerPipelines();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Fovea's passes\n", registry));
}
