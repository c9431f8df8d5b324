// Between a parameter's logical order, which files and users see, and the packed order that kernels read.
//
// Packed orders (ir/README.md, `#cnn.layout`): a weight [O, I, KH, KW] lies as [ceil(O/B)][KH][KW][I][B] with o % B
// innermost, its last block filled up with zeros; a vector is followed by zeros; plain is row-major. The weight [O, OH, OW, I, KH, KW] of an unshared convolution lies
// as [OH][OW][ceil(O/B)][KH][KW][I][B], its biases [O, OH, OW] as [OH][OW][O padded to B].
#pragma once

#include "runtime/Program.h"

namespace fovea {

/// Index of the logical element in the parameter's packed floats.
int64_t packedIndex(const ParameterInfo &parameter, int64_t logical);

/// Writes all `parameter.size` packed floats: padding and masked elements are zero.
void pack(const ParameterInfo &parameter, const float *logical, float *packed);

/// Reads the logical elements out of the packed floats; masked elements are zero.
void unpack(const ParameterInfo &parameter, const float *packed, float *logical);

} // namespace fovea
