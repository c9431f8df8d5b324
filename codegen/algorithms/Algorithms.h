// The algorithm of each operation, by its name in the dialect.
#pragma once

#include "codegen/algorithms/Tensor.h"

namespace fovea {

using Algorithm = Stage (*)(const OpSpec &op, const std::vector<Tensor> &operands);

/// Throws std::runtime_error for an operation without an algorithm.
Algorithm algorithmNamed(const std::string &op);

} // namespace fovea
