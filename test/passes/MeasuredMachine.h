// The machine on which the cost models' choices were measured.
#pragma once

#include "ir/TargetInfo.h"

namespace fovea {

/// Two cores of Zen 4, compiled for `level`, "x86-64-v3" or "x86-64-v4".
inline TargetInfo twoCores(const char *level) {
  TargetInfo target = targetNamed(level);
  target.vectorLanes = 8;
  target.cores = 2;
  return target;
}

} // namespace fovea
