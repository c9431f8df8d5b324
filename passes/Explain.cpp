#include "passes/Explain.h"

#include "ir/Cnn.h"
#include "passes/Passes.h"
#include "passes/TilingCost.h"
#include "passes/ToKernelSpec.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "llvm/Support/Format.h"

#include <algorithm>

namespace fovea {

#define GEN_PASS_DEF_EXPLAIN
#include "passes/Passes.h.inc"

using namespace mlir;
using llvm::raw_ostream;

namespace {

/// 1234567 -> "1,234,567".
std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (int at = int(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(size_t(at), 1, ',');
  return digits;
}

/// Three digits and a unit: "36.9 M".
std::string scaled(int64_t number) {
  static constexpr const char *units[] = {"", "k", "M", "G", "T"};
  double value = double(number);
  int unit = 0;
  while (value >= 999.5 && unit < 4) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : value < 99.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
  return text;
}

int64_t integer(Operation *op, StringRef attribute) {
  auto value = op->getAttrOfType<IntegerAttr>(attribute);
  return value ? value.getInt() : 0;
}

int64_t percent(int64_t part, int64_t whole) { return whole > 0 ? (100 * part + whole / 2) / whole : 0; }

/// Bytes of the values that fusion keeps out of memory.
int64_t fusedBytes(cnn::KernelOp kernel) {
  int64_t bytes = 0;
  for (Operation &op : kernel.getBody().front().without_terminator())
    if (&op != kernel.getRoot())
      for (Type type : op.getResultTypes())
        bytes += physicalBytes(toTensorSpec(cast<RankedTensorType>(type)));
  return bytes;
}

void printSchedule(cnn::KernelOp kernel, raw_ostream &out) {
  if (DictionaryAttr schedule = kernel.getScheduleAttr())
    for (NamedAttribute entry : schedule)
      out << " " << entry.getName().strref() << "=" << cast<IntegerAttr>(entry.getValue()).getInt();
}

/// How many updates of parameters there are, and how many never see their gradient in memory.
void explainUpdates(ArrayRef<cnn::KernelOp> kernels, raw_ostream &out) {
  int64_t updates = 0, tails = 0, bytes = 0;
  for (cnn::KernelOp kernel : kernels)
    if (auto update = dyn_cast<cnn::SgdUpdateOp>(kernel.getRoot())) {
      ++updates;
      if (update.getG().getDefiningOp()) {
        ++tails;
        bytes += physicalBytes(toTensorSpec(cast<RankedTensorType>(update.getG().getType())));
      }
    }
  out << "  updates: " << updates << ", of which " << tails << " end the kernel of their gradient and keep "
      << grouped(bytes) << " bytes out of memory\n";
}

void explainParameters(ModuleOp module, raw_ostream &out) {
  int64_t count = 0, values = 0, bytes = 0, constants = 0, averages = 0, derived = 0, derivedBytes = 0;
  for (auto parameter : module.getOps<cnn::ParameterOp>()) {
    auto type = cast<RankedTensorType>(parameter.getType());
    if (parameter.getDerived()) {
      ++derived;
      derivedBytes += physicalBytes(toTensorSpec(type));
      continue;
    }
    bytes += physicalBytes(toTensorSpec(type));
    if (!parameter.getTrainable()) {
      ++(parameter.getAverageAttr() ? averages : constants);
      continue;
    }
    ++count;
    values += type.getNumElements();
    if (ElementsAttr mask = parameter.getMaskAttr())
      for (APInt connected : mask.getValues<APInt>())
        values -= connected.isZero();
  }
  out << "parameters: " << count << " tensors, " << grouped(values) << " trainable values";
  if (averages)
    out << ", " << averages << (averages == 1 ? " running average" : " running averages");
  if (constants)
    out << ", " << constants << (constants == 1 ? " constant" : " constants");
  out << "; " << grouped(bytes) << " bytes packed";
  if (derived)
    out << "; " << derived << " derived from them, " << grouped(derivedBytes) << " bytes";
  out << "\n";
}

/// What @prepare keeps of its work, so that no inference has to do it.
void explainPreparation(func::FuncOp function, raw_ostream &out) {
  int64_t count = 0, bytes = 0;
  for (auto store : function.getOps<cnn::StoreOp>()) {
    ++count;
    bytes += physicalBytes(toTensorSpec(cast<RankedTensorType>(store.getValue().getType())));
  }
  out << "  once, before the first inference and again after parameters have changed: keeps " << count << " tensors, "
      << grouped(bytes) << " bytes\n";
}

void explainFunction(func::FuncOp function, raw_ostream &out) {
  auto kernels = llvm::to_vector(function.getOps<cnn::KernelOp>());
  int64_t flops = 0, bytes = 0, ops = 0, fused = 0;
  size_t width = 6;
  for (cnn::KernelOp kernel : kernels) {
    flops += kernelFlops(kernel);
    bytes += kernelBytes(kernel);
    fused += fusedBytes(kernel);
    ops += std::distance(kernel.getBody().front().begin(), kernel.getBody().front().end()) - 1;
    width = std::max(width, kernel.getName().size());
  }
  out << "\n"
      << function.getName() << ": " << ops << " operations in " << kernels.size() << " kernels, " << scaled(flops)
      << "FLOP, " << scaled(bytes) << "B read and written\n";
  out << "  " << llvm::left_justify("kernel", width) << llvm::right_justify("FLOP", 10)
      << llvm::right_justify("bytes", 10) << "  schedule\n";
  for (cnn::KernelOp kernel : kernels) {
    out << "  " << llvm::left_justify(kernel.getName(), width) << llvm::right_justify(scaled(kernelFlops(kernel)), 10)
        << llvm::right_justify(scaled(kernelBytes(kernel)), 10) << " ";
    printSchedule(kernel, out);
    out << "\n";
    if (std::string tiling = describeTiling(toKernelSpec(kernel)); !tiling.empty())
      out << "    " << tiling << "\n";
    if (auto tuned = kernel->getAttrOfType<ArrayAttr>("cnn.tuned"))
      out << "    measured: " << llvm::format("%.1f us, %.1f us with the cost model's schedule\n",
                                             cast<FloatAttr>(tuned[0]).getValueAsDouble(),
                                             cast<FloatAttr>(tuned[1]).getValueAsDouble());
  }

  if (kindOf(function) == "train")
    explainUpdates(kernels, out);
  if (kindOf(function) == "prepare")
    explainPreparation(function, out);
  if (auto kept = function->getAttrOfType<IntegerAttr>("cnn.kept_bytes")) {
    out << "  kept for the backward computation: " << grouped(kept.getInt()) << " bytes";
    if (int64_t again = integer(function, "cnn.recomputed"))
      out << "; " << again << (again == 1 ? " result, " : " results, ")
          << grouped(integer(function, "cnn.recomputed_bytes")) << " bytes, computed again in about "
          << llvm::format("%.1f", function->getAttrOfType<FloatAttr>("cnn.recompute_percent").getValueAsDouble())
          << " % of the step";
    out << "\n";
  }
  const int64_t arena = integer(function, "cnn.arena_bytes"), unplanned = integer(function, "cnn.unplanned_bytes"),
                live = integer(function, "cnn.live_bytes");
  out << "  memory inside kernels: fusion keeps " << grouped(fused) << " bytes out of it\n";
  out << "  memory between kernels: ";
  if (unplanned == 0)
    out << "none\n";
  else
    out << grouped(arena) << " bytes, " << percent(unplanned - arena, unplanned) << " % less than " << grouped(unplanned)
        << " if nothing were shared, " << percent(arena - live, live) << " % more than the " << grouped(live)
        << " that are live at once\n";
}

struct ExplainPass : impl::ExplainBase<ExplainPass> {
  void runOnOperation() override {
    explain(getOperation(), llvm::outs());
    markAllAnalysesPreserved();
  }
};

} // namespace

void explain(ModuleOp module, raw_ostream &out) {
  if (auto network = module->getAttrOfType<StringAttr>("cnn.network"))
    out << network.getValue();
  if (auto target = module->getAttrOfType<StringAttr>("cnn.target"))
    out << " for " << target.getValue();
  out << "\n";
  explainParameters(module, out);
  for (auto function : module.getOps<func::FuncOp>())
    explainFunction(function, out);
}

} // namespace fovea
