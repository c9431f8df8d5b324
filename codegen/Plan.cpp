#include "codegen/Plan.h"

#include "codegen/Cache.h"
#include "passes/ToKernelSpec.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>

namespace fovea {

using namespace mlir;

namespace {

class Planner {
public:
  explicit Planner(const TargetInfo &target) : target(target) {}

  LogicalResult read(func::FuncOp function) {
    PlannedFunction planned;
    planned.name = function.getName().str();
    auto kind = function->getAttrOfType<StringAttr>("cnn.kind");
    auto arena = function->getAttrOfType<IntegerAttr>("cnn.arena_bytes");
    if (!kind)
      return function.emitOpError("has no cnn.kind");
    if (!arena)
      return function.emitOpError("has no cnn.arena_bytes; cnn-plan-memory must run first");
    auto batch = function->getAttrOfType<IntegerAttr>("cnn.batch");
    planned.kind = kind.str();
    planned.batch = batch && planned.kind != "update" && planned.kind != "prepare" ? batch.getInt() : 0;
    planned.arenaBytes = arena.getInt();
    for (auto kernel : function.getOps<cnn::KernelOp>())
      if (failed(read(kernel, planned)))
        return failure();
    plan.functions.push_back(std::move(planned));
    return success();
  }

  ProgramPlan plan;

private:
  const TargetInfo &target;
  std::map<std::string, int> known;

  LogicalResult read(cnn::KernelOp kernel, PlannedFunction &function) {
    ArrayAttr places = kernel.getPlacesAttr();
    if (!places || places.size() != kernel->getNumOperands() + kernel->getNumResults())
      return kernel.emitOpError("has no place for each operand and result; cnn-plan-memory must run first");
    PlannedCall call;
    call.name = kernel.getName().str();
    call.kernel = unique(kernel, function);
    SmallVector<Type> types(kernel->getOperandTypes());
    llvm::append_range(types, kernel->getResultTypes());
    for (auto [type, attribute] : llvm::zip_equal(types, places)) {
      auto place = cast<cnn::PlaceAttr>(attribute);
      // The arena counts bytes, parameters and their gradients count floats.
      const int64_t unit = place.getSlot() == cnn::Slot::arena ? 1 : sizeof(float);
      call.buffers.push_back(
          {toTensorSpec(cast<RankedTensorType>(type)), int(place.getSlot()), place.getOffset() * unit});
    }
    call.flops = call.bytes = 0;
    for (const PlannedBuffer &buffer : call.buffers)
      call.bytes += physicalBytes(buffer.tensor);
    for (Operation &op : kernel.getBody().front())
      if (auto compute = dyn_cast<cnn::CnnComputeOpInterface>(op))
        call.flops += compute.flops();
    function.calls.push_back(std::move(call));
    return success();
  }

  int unique(cnn::KernelOp kernel, const PlannedFunction &function) {
    PlannedKernel planned;
    planned.spec = toKernelSpec(kernel);
    planned.json = toJson(planned.spec);
    auto [found, isNew] = known.try_emplace(planned.json, plan.kernels.size());
    if (isNew) {
      // Machine code of one name is the same also where programs are linked together.
      const std::string bf16 = usesBf16(planned.spec) ? target.bf16Features : "";
      planned.symbol =
          "fovea_k_" + sha256(planned.json + "\n" + target.halideTarget + bf16).substr(0, 16);
      planned.label = function.name + " " + kernel.getName().str();
      plan.kernels.push_back(std::move(planned));
    }
    return found->second;
  }
};

} // namespace

FailureOr<ProgramPlan> planProgram(ModuleOp module, const TargetInfo &target) {
  Planner planner(target);
  for (auto function : module.getOps<func::FuncOp>())
    if (failed(planner.read(function)))
      return failure();
  if (planner.plan.functions.empty())
    return module.emitError("the module holds no function to compile");
  return std::move(planner.plan);
}

} // namespace fovea
