#include "frontend/driver/Modules.h"

#include "codegen/Cache.h"
#include "ir/Cnn.h"
#include "passes/Pipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <stdexcept>

namespace fovea {

using namespace mlir;

void loadDialects(MLIRContext &context) {
  context.disableMultithreading();
  context.printOpOnDiagnostic(false); // The line is shown; the operation would be pages of text.
  context.loadDialect<cnn::CnnDialect, func::FuncDialect>();
  // What is about no place in the model, like a record of another file, names its place itself.
  context.getDiagEngine().registerHandler([](Diagnostic &diagnostic) -> LogicalResult {
    if (!isa<UnknownLoc>(diagnostic.getLocation()))
      return failure(); // For the handler that shows the line.
    const bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
    llvm::errs() << (isError ? "fovea: error: " : "fovea: warning: ") << diagnostic << "\n";
    return success();
  });
}

std::string readFile(const std::string &path) {
  if (llvm::sys::fs::is_directory(path))
    throw std::runtime_error(path + ": is a folder; name a model file");
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    throw std::runtime_error(path + ": cannot read: " + file.getError().message());
  return (*file)->getBuffer().str();
}

std::string tuningFileOf(const std::string &model) {
  llvm::SmallString<128> path(model);
  llvm::sys::path::replace_extension(path, "tuning.json");
  return path.str().str();
}

std::string userTuningFile() {
  const std::string folder = Cache::defaultFolder();
  return folder.empty() ? "" : folder + "/tuning.json";
}

std::string tuningFiles(const CompileOptions &options) {
  if (!options.useTuning)
    return "";
  if (!options.tuning.empty())
    return options.tuning;
  std::string files;
  for (const std::string &path : {tuningFileOf(options.model), userTuningFile()})
    if (!path.empty() && llvm::sys::fs::exists(path))
      files += (files.empty() ? "" : ";") + path;
  return files;
}

LogicalResult runPasses(ModuleOp module, Stage to, const CompileOptions &options, const TargetInfo &target) {
  PipelineOptions pipeline;
  // A target that was read from this machine is passed on as such: it knows more than its name says.
  pipeline.target = target.cpu.empty() ? target.name : "host";
  pipeline.fold = options.fold;
  pipeline.foldBatchNorm = options.foldBatchNorm;
  pipeline.winograd = options.winograd;
  pipeline.winogradSteps = options.winogradSteps;
  pipeline.bf16 = options.bf16;
  pipeline.hoistConstants = options.hoistConstants;
  pipeline.fuseElementwise = options.fuseElementwise;
  pipeline.fusePool = options.fusePool;
  pipeline.fuseLrn = options.fuseLrn;
  pipeline.fuseUpdate = options.fuseUpdate;
  pipeline.tilePooling = options.tilePooling;
  pipeline.recompute = options.recompute;
  pipeline.reuseMemory = options.reuseMemory;
  pipeline.tuning = tuningFiles(options);
  pipeline.nameChoices = options.nameChoices;
  PassManager manager(module.getContext());
  if (to == Stage::Opt)
    buildOptimizePipeline(manager, pipeline);
  else
    buildSchedulePipeline(manager, pipeline);
  return manager.run(module);
}

TargetInfo resolveTarget(ModuleOp module, const CompileOptions &options) {
  auto chosen = module->getAttrOfType<StringAttr>("cnn.target");
  if (!chosen)
    return targetNamed(options.target);
  if (options.target == "host") {
    TargetInfo host = hostTarget();
    return host.name == chosen.getValue() ? host : targetNamed(chosen.str());
  }
  if (options.target != chosen.getValue())
    throw std::runtime_error(options.model + ": was made for " + chosen.str() + ", not for " + options.target +
                             "; start again from the model file");
  return targetNamed(options.target);
}

std::string printModule(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  stream << "\n";
  return text;
}

} // namespace fovea
