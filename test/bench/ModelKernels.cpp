#include "test/bench/ModelKernels.h"

#include "frontend/driver/Modules.h"
#include "passes/ToKernelSpec.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/SourceMgr.h"

#include <map>
#include <optional>
#include <set>
#include <stdexcept>

namespace fovea::bench {

using namespace mlir;

namespace {

/// FLOPs of the direct sums that one of Winograd's operations stands for; a weight's transform stands for none.
std::optional<int64_t> directFlops(Operation *op) {
  auto product = [](ArrayRef<int64_t> extents) {
    int64_t result = 1;
    for (int64_t extent : extents)
      result *= extent;
    return result;
  };
  auto shapeOf = [](Value value) { return cast<RankedTensorType>(value.getType()).getShape(); };
  if (isa<cnn::WinogradWeightOp>(op))
    return 0;
  if (auto gradient = dyn_cast<cnn::WinogradWeightGradientOp>(op))
    return 2 * product(shapeOf(gradient.getDy())) * product(shapeOf(gradient.getDw()).drop_front());
  if (auto gradient = dyn_cast<cnn::WinogradInputGradientOp>(op)) {
    const ArrayRef<int64_t> u = shapeOf(gradient.getU());
    const int64_t kernel = u[2] - int64_t(gradient.getTile()) + 1;
    return 2 * product(shapeOf(gradient.getDy())) * u[1] * kernel * kernel;
  }
  if (auto conv = dyn_cast<cnn::WinogradConv2dOp>(op)) {
    // Each number of what would be the forward result meets each weight of a filter; in the input gradient that is x.
    const ArrayRef<int64_t> u = shapeOf(conv.getU());
    const int64_t kernel = u[2] - int64_t(conv.getTile()) + 1;
    const ArrayRef<int64_t> y = shapeOf(conv.getTransposed() ? conv.getX() : conv.getY());
    return 2 * product(y) * u[1] * kernel * kernel + (conv.getBias() ? product(y) : 0);
  }
  return std::nullopt;
}

class Collector {
public:
  std::vector<ModelKernel> kernels;

  void collect(ModuleOp module, const std::string &network, bool training) {
    std::set<std::string> kinds;
    for (auto function : module.getOps<func::FuncOp>())
      kinds.insert(kindOf(function));
    for (auto function : module.getOps<func::FuncOp>()) {
      const std::string kind = kindOf(function);
      // Training calls `train` where there is one; step and update are then for the commands that need gradients.
      const bool isOfTraining = kind == "train" || kind == "step" || kind == "update";
      if (training != isOfTraining || (kind != "train" && isOfTraining && kinds.count("train")))
        continue;
      collect(function, kind, network + "/" + function.getName().str() + "/");
    }
  }

private:
  std::set<std::string> known;
  std::map<std::string, int> used;

  static std::string kindOf(func::FuncOp function) {
    auto kind = function->getAttrOfType<StringAttr>("cnn.kind");
    return kind ? kind.str() : "infer";
  }

  void collect(func::FuncOp function, const std::string &kind, const std::string &prefix) {
    std::string part = kind == "update" || kind == "prepare" ? kind : "forward";
    for (auto kernel : function.getOps<cnn::KernelOp>()) {
      ModelKernel added{
          prefix + kernel.getName().str(), "", toKernelSpec(kernel), kernelFlops(kernel), 0, kernelBytes(kernel)};
      added.directFlops = added.flops;
      kernel.getBody().walk([&](Operation *op) {
        if (op->getName().getStringRef().ends_with("_gradient"))
          part = "backward"; // From the loss's gradient on.
        if (auto direct = directFlops(op))
          added.directFlops += *direct - cast<cnn::CnnComputeOpInterface>(op).flops();
      });
      added.part = part;
      if (!known.insert(toJson(added.kernel)).second)
        continue;
      if (const int count = ++used[added.name]; count > 1)
        added.name += " #" + std::to_string(count);
      kernels.push_back(std::move(added));
    }
  }
};

} // namespace

std::vector<ModelKernel> kernelsOf(const std::string &model, const std::string &stage, const std::string &target,
                                   const std::vector<int64_t> &batches, int64_t trainBatch) {
  static const std::map<std::string, Stage> stages = {
      {"net", Stage::Net}, {"ir", Stage::Ir}, {"opt", Stage::Opt}, {"schedule", Stage::Schedule}};
  const auto from = stages.find(stage);
  if (from == stages.end())
    throw std::runtime_error("--from: expected net, ir, opt or schedule, not `" + stage + "`");

  MLIRContext context;
  loadDialects(context);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  Collector collector;
  auto compile = [&](CompileOptions options, bool training) {
    OwningOpRef<ModuleOp> module = readModule(context, options);
    if (!module)
      throw std::runtime_error(model + ": cannot be compiled");
    const TargetInfo machine = resolveTarget(*module, options);
    if ((options.from < Stage::Opt && failed(runPasses(*module, Stage::Opt, options, machine))) ||
        (options.from < Stage::Schedule && failed(runPasses(*module, Stage::Schedule, options, machine))))
      throw std::runtime_error(model + ": cannot be compiled");
    auto network = (*module)->getAttrOfType<StringAttr>("cnn.network");
    collector.collect(*module, network ? network.str() : model, training);
  };
  CompileOptions options;
  options.model = model;
  options.target = target;
  options.from = from->second;
  const bool isModelFile = options.from == Stage::Net;
  CompileOptions inference = options;
  if (isModelFile) {
    inference.inference = true;
    inference.batches = batches;
  }
  if (!batches.empty())
    compile(inference, false);
  if (isModelFile)
    options.batches = {trainBatch};
  if (trainBatch > 0)
    compile(options, true);
  return std::move(collector.kernels);
}

} // namespace fovea::bench
