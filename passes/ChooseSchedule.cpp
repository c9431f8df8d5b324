#include "ir/Cnn.h"
#include "passes/CostModel.h"
#include "passes/Passes.h"
#include "passes/ToKernelSpec.h"

#include "mlir/IR/Builders.h"

namespace fovea {

#define GEN_PASS_DEF_CHOOSESCHEDULE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

struct ChooseSchedulePass : impl::ChooseScheduleBase<ChooseSchedulePass> {
  using ChooseScheduleBase::ChooseScheduleBase;

  void runOnOperation() override {
    std::optional<TargetInfo> info = targetOrError(target, getOperation());
    if (!info)
      return signalPassFailure();
    Builder builder(&getContext());
    getOperation().walk([&](cnn::KernelOp kernel) {
      NamedAttrList entries(kernel.getScheduleAttr());
      for (const auto &[key, value] : chooseSchedule(toKernelSpec(kernel), *info))
        if (!entries.get(key))
          entries.append(key, builder.getI64IntegerAttr(value));
      kernel.setScheduleAttr(entries.getDictionary(&getContext()));
    });
  }
};

} // namespace
} // namespace fovea
