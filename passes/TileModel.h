// Which layers of bf16 AMX's tiles compute, and in which pieces.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

namespace fovea {

/// Why the kernel's sums cannot be made by tiles; empty where they can.
std::string whyNoTiles(const KernelSpec &kernel, const OpSpec &anchor, const TargetInfo &target);

/// Numbers of output channels that a task may compute together.
std::vector<int64_t> tileChannels(const KernelSpec &kernel, const OpSpec &anchor);

/// The schedule's keys `tile_channels`, `tile_rows` and `parallel`; empty where tiles cannot compute it, or little is left
/// to gain.
Schedule tileSchedule(const KernelSpec &kernel, const OpSpec &anchor, const TargetInfo &target);

} // namespace fovea
