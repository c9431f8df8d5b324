// The commands of `fovea`.
#pragma once

#include "frontend/driver/Options.h"

namespace fovea {

/// Runs the command; returns the exit code: 0, or 1 after diagnostics were printed. Other problems are thrown, one line
/// each.
int runCommand(const Options &options);

} // namespace fovea
