#ifndef FOVEA_PASSES_CHOOSESCHEDULE_TD
#define FOVEA_PASSES_CHOOSESCHEDULE_TD

include "mlir/Pass/PassBase.td"

def ChooseSchedule : Pass<"cnn-choose-schedule", "mlir::ModuleOp"> {
  let summary = "Give each kernel a schedule that was measured, or the cost model's";
  let description = [{
    Sets each kernel's `schedule` dictionary: tile sizes, vector width and the like, chosen by passes/CostModel for the
    target. The keys are those of codegen/schedules. What a kernel's schedule says already stays, so that `cnn-tile-pooling`
    can decide first, and a printed stage can be edited and fed back in.

    Where a record of `fovea tune` (passes/Tuning) is about the kernel, its schedule is taken instead, unless it does not
    fit the kernel, which is a warning. `cnn.tuned` then says what was measured.

    Before:
    ```mlir
    %0 = cnn.kernel "conv1: conv2d" (%a = %x, %b = %w) : ... {
    ```
    After:
    ```mlir
    %0 = cnn.kernel "conv1: conv2d" (%a = %x, %b = %w) {schedule = {tile_x = 12, ...}} : ... {
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"host\"", "Machine to schedule for: host, x86-64-v3, x86-64-v4, cuda or opencl">,
    Option<"tuning", "tuning", "std::string", "\"\"", "Files of tuning records, with semicolons between">
  ];
  let dependentDialects = ["cnn::CnnDialect"];
}

#endif
