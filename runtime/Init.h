// The values that a network starts training from.
#pragma once

#include "runtime/Program.h"

#include <cstdint>
#include <vector>

namespace fovea {

/// Draws the parameter's logical values from the stream of (seed, parameter's name).
///
/// Kinds, with n the inputs of one unit (the product of the shape past its first dimension, less what the mask
/// disconnects, as LeCun et al. 1998 count it): xavier U(±sqrt(3/n)) (Caffe's), gaussian N(0, std²), constant(value),
/// uniform_fan_in U(±value/n) (LeCun et al. 1998: 2.4), he N(0, 2/n) (He et al. 2015). Masked values are zero.
std::vector<float> initialValues(const ParameterInfo &parameter, uint64_t seed);

} // namespace fovea
