#include "ir/Cnn.h"
#include "passes/CostModel.h"
#include "passes/Passes.h"
#include "passes/ScheduleSpace.h"
#include "passes/ToKernelSpec.h"

#include "mlir/IR/Builders.h"

namespace fovea {

#define GEN_PASS_DEF_CHOOSESCHEDULE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Whether the schedule says more than cnn-tile-pooling does: somebody wrote it.
bool isGiven(const Schedule &schedule) {
  return llvm::any_of(schedule, [](auto &entry) {
    return entry.first != "halo" && entry.first != "parallel" && entry.first != "rows";
  });
}

struct ChooseSchedulePass : impl::ChooseScheduleBase<ChooseSchedulePass> {
  using ChooseScheduleBase::ChooseScheduleBase;

  void runOnOperation() override {
    std::optional<TargetInfo> info = targetOrError(target, getOperation());
    std::optional<Tuning> records = info ? tuningOrError(tuning, *info, getOperation()) : std::nullopt;
    if (!records)
      return signalPassFailure();
    const Location nowhere = UnknownLoc::get(&getContext());
    for (const std::string &refusal : records->refused())
      emitWarning(nowhere) << refusal;
    getOperation().walk([&](cnn::KernelOp kernel) {
      if (info->onDevice()) // The schedules in codegen/schedules/gpu choose their tiles themselves.
        return lay(kernel, {});
      const KernelSpec spec = toKernelSpec(kernel);
      const KernelRecord *record = isGiven(spec.schedule) ? nullptr : records->find(spec);
      if (!record)
        return lay(kernel, chooseSchedule(spec, *info));
      if (const std::string why = whyIllegal(spec, record->schedule, *info); !why.empty()) {
        emitWarning(nowhere) << records->where(*record) << ": the record of \"" << record->label
                             << "\" is refused: " << why;
        return lay(kernel, chooseSchedule(spec, *info));
      }
      kernel.removeScheduleAttr();
      lay(kernel, record->schedule);
      kernel->setAttr("cnn.tuned", Builder(&getContext()).getF64ArrayAttr({record->microseconds, record->untuned}));
    });
  }

  /// Gives the kernel what its schedule does not say yet.
  void lay(cnn::KernelOp kernel, const Schedule &schedule) {
    Builder builder(&getContext());
    NamedAttrList entries(kernel.getScheduleAttr());
    for (const auto &[key, value] : schedule)
      if (!entries.get(key))
        entries.append(key, builder.getI64IntegerAttr(value));
    kernel.setScheduleAttr(entries.getDictionary(&getContext()));
  }
};

} // namespace
} // namespace fovea
