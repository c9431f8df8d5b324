// What a compiled program says about itself: the JSON text that the runtime reads (runtime/Program.h).
#pragma once

#include "codegen/Plan.h"

#include <string>

namespace fovea {

/// One line of JSON from the module's attributes and parameters and the plan's functions. Fails after a diagnostic
/// where the module lacks what the runtime needs.
mlir::FailureOr<std::string> programMetadata(mlir::ModuleOp module, const ProgramPlan &plan, const TargetInfo &target,
                                             const std::string &symbol);

} // namespace fovea
