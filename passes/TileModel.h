// Which layers of bf16 AMX's tiles compute, and in which pieces.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

namespace fovea {

/// Why the kernel's sums cannot be made by tiles; empty where they can.
std::string whyNoTiles(const KernelSpec &kernel, const OpSpec &anchor, const TargetInfo &target);

/// Outputs in a block of a rounded weight whose f32 form has `block`: two tiles where the target has tiles, which then
/// follow each other in memory.
int64_t narrowBlock(int64_t block, const TargetInfo &target);

/// Whether a dense layer of so many images is computed by tiles: of fewer, its time is that of its weight's bytes.
bool tilesPay(int64_t images);

/// Numbers of output channels that a task may compute together.
std::vector<int64_t> tileChannels(const KernelSpec &kernel, const OpSpec &anchor);

/// The schedule's keys `tile_channels`, `tile_rows`, `tile_images` and `parallel`; empty where tiles cannot compute it, or little is left
/// to gain.
Schedule tileSchedule(const KernelSpec &kernel, const OpSpec &anchor, const TargetInfo &target);

} // namespace fovea
