// Which layout and which schedule a kernel gets when no measurement says better.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

namespace fovea {

/// Lanes that a channel dimension is padded to: a vector, as wide as the target computes at once, or less where all channels
/// fit a narrower one.
int64_t lanesFor(int64_t channels, const TargetInfo &target);

/// `channels` rounded up to its lanes: the physical extent of an activation's channel dimension.
int64_t paddedChannels(int64_t channels, const TargetInfo &target);

/// Lanes in a block of packed weights; divides paddedChannels(outputChannels).
int64_t blockFor(int64_t outputChannels, const TargetInfo &target);

/// The same for one of several groups, whose channels have no padding between them: divides `channelsOfGroup`.
int64_t groupBlockFor(int64_t channelsOfGroup, const TargetInfo &target);

/// Vectors of outputs times pixels (or rows, tiles, taps) whose sums are held in registers.
struct RegisterTile {
  int64_t vectors = 1, pixels = 1;
};

/// The tile that does the most useful work a cycle; `vectors` divides `vectorsInBlock`. With `exactly` its pixels divide
/// `pixels`, so that nothing is computed twice. It has at most `most` pixels.
RegisterTile bestTile(int64_t vectorsInBlock, int64_t pixels, const TargetInfo &target, bool exactly = false,
                      int64_t most = 16);

/// Whether the kernel holds a local response normalization, which needs all channels of a row.
bool normalizes(const KernelSpec &kernel);

/// Groups of a convolution's channels; 1 for a layer without.
int64_t groupsOf(const OpSpec &anchor);

/// How much useful work a cycle does with the tile, of `pixels` in a row; for comparing tiles.
double tileScore(RegisterTile tile, int64_t pixels, const TargetInfo &target);

/// The operation with the kernel's large sum, which picks its schedule; null when there is none.
const OpSpec *anchorOf(const KernelSpec &kernel);

/// Columns of the convolution `anchor` that its kernel computes: those that a pooling behind it reads.
int64_t tileColumns(const KernelSpec &kernel, const OpSpec &anchor);

/// Rows (pixels, tiles, images), which lie so far apart, that a register tile can read in turn without evicting each other
/// from the L1 cache: a multiple of a cache way apart, they fall into the same few sets. One way is left to the weights.
int64_t rowsInCache(int64_t bytesApart, const TargetInfo &target);

/// The widest vector that divides a padded extent.
int64_t vectorOf(int64_t paddedExtent, const TargetInfo &target);

/// Tile sizes for the kernel. Every key has a meaning for the schedule of the kernel's anchor (codegen/schedules).
Schedule chooseSchedule(const KernelSpec &kernel, const TargetInfo &target);

} // namespace fovea
