#include "frontend/driver/TuneVariant.h"

#include "codegen/TemporaryFiles.h"
#include "frontend/driver/Modules.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/SourceMgr.h"

#include <stdexcept>

namespace fovea {

using namespace mlir;

std::optional<TuneVariant> variantWith(const std::vector<ConvolutionRecord> &convolutions, CompileOptions compile,
                                       const TargetInfo &target) {
  MachineRecords here = MachineRecords::of(target);
  here.convolutions = convolutions;
  TemporaryFiles files;
  compile.tuning = files.write("json", TuningFile{"", {here}}.toText());

  MLIRContext context;
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  loadDialects(context);
  OwningOpRef<ModuleOp> module = readModule(context, compile);
  if (!module)
    return std::nullopt;
  if (resolveTarget(*module, compile).name != target.name)
    throw std::runtime_error(compile.model + ": was made for another target; start again from the model file");
  if (compile.from <= Stage::Ir && failed(runPasses(*module, Stage::Opt, compile, target)))
    return std::nullopt;
  if (failed(runPasses(*module, Stage::Schedule, compile, target)))
    return std::nullopt;
  FailureOr<ProgramPlan> plan = planProgram(*module, target);
  if (failed(plan))
    return std::nullopt;
  TuneVariant variant{std::move(*plan), {}, false};
  module->walk([&](Operation *op) {
    auto name = op->getAttrOfType<StringAttr>(cnn::choiceAttributeName);
    const auto isNamed = [&](const TuneChoice &choice) { return choice.convolution == name.getValue(); };
    if (name && llvm::none_of(variant.choices, isNamed)) {
      auto tile = op->getAttrOfType<IntegerAttr>("tile");
      variant.choices.push_back({name.str(), tile ? tile.getInt() : 0});
    }
  });
  if (auto floats = (*module)->getAttrOfType<IntegerAttr>("cnn.parameter_floats"))
    variant.coldWeights = floats.getInt() * 4 > target.l3Bytes;
  return variant;
}

std::map<std::string, std::pair<const PlannedKernel *, int>> callsOf(const ProgramPlan &plan) {
  std::map<std::string, std::pair<const PlannedKernel *, int>> result;
  for (const PlannedFunction &function : plan.functions)
    if (function.kind != "prepare")
      for (const PlannedCall &call : function.calls) {
        auto &[kernel, count] = result[kernelKey(plan.kernels[call.kernel].spec)];
        kernel = &plan.kernels[call.kernel];
        ++count;
      }
  return result;
}

std::vector<std::pair<const PlannedKernel *, int>> callsBeyond(const ProgramPlan &plan, const ProgramPlan &other) {
  const auto others = callsOf(other);
  std::vector<std::pair<const PlannedKernel *, int>> result;
  for (const auto &[key, call] : callsOf(plan)) {
    auto found = others.find(key);
    const int more = call.second - (found == others.end() ? 0 : found->second.second);
    if (more > 0)
      result.push_back({call.first, more});
  }
  return result;
}

} // namespace fovea
