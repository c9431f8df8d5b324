// What each operation of the dialect means, in float64 and plain loops: the judge of the compiled kernels.
//
// Written from the dialect's definition and for reading only. Gradients scatter where the kernels gather, so that the
// two do not share a mistake.
#pragma once

#include "test/codegen/numeric/Array.h"

namespace fovea::test {

/// The results of one operation. Throws std::invalid_argument for an unknown name.
std::vector<Array> reference(const OpSpec &op, const std::vector<Array> &operands);

/// The results of a kernel: those of its last operation.
std::vector<Array> reference(const KernelSpec &kernel, const std::vector<Array> &inputs);

// By family; null when the name is not of that family.
using ReferenceOp = std::vector<Array> (*)(const OpSpec &, const std::vector<Array> &);
ReferenceOp windowReference(const std::string &op);  ///< convolution, dense, pooling and their gradients
ReferenceOp normalizationReference(const std::string &op); ///< normalizations, dropout
ReferenceOp elementReference(const std::string &op);       ///< the rest

double numberOf(const OpSpec &op, const std::string &name, double otherwise);
std::vector<int64_t> listOf(const OpSpec &op, const std::string &name, std::vector<int64_t> otherwise);

} // namespace fovea::test
