// `fovea tune`: measures schedules and writes records.
#pragma once

#include "frontend/driver/Options.h"

namespace fovea {

/// Tunes the kernels that `compile` would make of the model, within the budget. The file of records is whole at any time:
/// it is written after each kernel, and what it holds for this machine is not measured again. With `check`, nothing is
/// searched and written: the cost model's choices are timed in turn with what the file says. Returns 0, or 1 after
/// diagnostics were printed; throws std::runtime_error for a target that this CPU does not run and for files.
int tuneModel(const CompileOptions &compile, const TuneOptions &options);

} // namespace fovea
