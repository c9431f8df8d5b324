#include "codegen/algorithms/Tensor.h"

namespace fovea {

using namespace Halide;

namespace {

/// Halide has no operators on its expressions and unsigned numbers.
Expr unsignedInt(uint32_t value) { return Internal::make_const(UInt(32), int64_t(value)); }

/// A 32-bit mixture of all bits of `value` (the finalizer of MurmurHash3).
Expr mixed(Expr value) {
  value = (value ^ (value >> 16)) * unsignedInt(0x85ebca6bu);
  value = (value ^ (value >> 13)) * unsignedInt(0xc2b2ae35u);
  return value ^ (value >> 16);
}

} // namespace

// Whether an element is dropped follows from its logical index in the whole batch of the update and from numbers that a
// resumed run has again; so masks are the same at any number of threads and processes, in any layout, and in the backward
// pass.
Stage dropout(const OpSpec &op, const std::vector<Tensor> &in) {
  const auto &[c, x, y, n, b, i, kx, ky, block] = vars;
  if (in.size() == 1)
    return pointwise(op, here(in[0]));
  auto scalar = [&](int index) { return in[1].at(0, 0, 0, index); };
  const uint32_t stream = uint32_t(integer(op, "stream", 0)) * 0x9e3779b9u;
  Expr key = mixed(mixed(cast<uint32_t>(scalar(6)) ^ unsignedInt(stream)) + cast<uint32_t>(scalar(7)) * unsignedInt(0x85157af5u));
  Expr index = cast<uint32_t>(c);
  if (in[0].spec.shape.size() == 4)
    index = (cast<uint32_t>(c) * unsignedInt(uint32_t(in[0].height())) + cast<uint32_t>(y)) * unsignedInt(uint32_t(in[0].width())) +
            cast<uint32_t>(x);
  const uint32_t perImage = uint32_t(in[0].channels() * in[0].height() * in[0].width());
  Expr image = cast<uint32_t>(n) + cast<uint32_t>(max(scalar(5), 1.0f) - 1.0f);
  Expr drawn = mixed((image * unsignedInt(perImage) + index) * unsignedInt(0x9e3779b1u) ^ key) >> 8; // 24 bits.
  const double p = number(op, "p", 0);
  Expr on = scalar(5) != 0.0f, kept = drawn >= unsignedInt(uint32_t(p * 16777216.0));
  Expr value = here(in[0]);
  return pointwise(op, select(!on, value, kept, value * float(1.0 / (1.0 - p)), 0.0f));
}

} // namespace fovea
