#ifndef FOVEA_PASSES_PLANMEMORY_TD
#define FOVEA_PASSES_PLANMEMORY_TD

include "mlir/Pass/PassBase.td"

def PlanMemory : Pass<"cnn-plan-memory", "mlir::ModuleOp"> {
  let summary = "Give every kernel's operands and results an address";
  let description = [{
    Parameters get offsets in the block of packed parameters (`offset`, in floats). A result that is returned or stored
    is written where it is wanted: output, loss, gradient, the parameter itself. Everything else shares one arena per
    function: values that are never live together may overlap. `cnn.parameter_floats` of the module is the size of the
    block of parameters, `cnn.gradient_floats` that of gradients and momentum: there the derived parameters, which come
    last, have no place.

    Before:
    ```mlir
    %0 = cnn.kernel "a" (%p = %x) : ... {...}
    %1 = cnn.kernel "b" (%p = %0) : ... {...}
    return %1
    ```
    After:
    ```mlir
    %0 = cnn.kernel "a" (%p = %x) {places = [#cnn.place<input, 0>, #cnn.place<arena, 0>]} : ... {...}
    %1 = cnn.kernel "b" (%p = %0) {places = [#cnn.place<arena, 0>, #cnn.place<output, 0>]} : ... {...}
    return %1
    ```

    The function's attributes say what the plan costs: `cnn.arena_bytes`, `cnn.unplanned_bytes` (each value in a place
    of its own) and `cnn.live_bytes` (the most that is live at once, which no plan can beat).
  }];
  let options = [
    Option<"reuse", "reuse", "bool", "true", "Let values that are not live together share memory">,
    Option<"alignment", "alignment", "int", "64", "What every address is a multiple of, in bytes">
  ];
  let dependentDialects = ["cnn::CnnDialect"];
}

#endif
