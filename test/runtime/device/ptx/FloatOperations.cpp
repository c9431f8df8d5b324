// Single precision. Everything rounds to the nearest as IEEE 754 has it, approximate instructions too: a GPU's differ
// from these in the last bits, and its assembler may fuse mul.f32 and add.f32 as PTX allows.
#include "test/runtime/device/ptx/Machine.h"
#include "test/runtime/device/ptx/Operation.h"

#include <bit>
#include <cmath>

namespace ptx {

namespace {

using Pred = uint8_t;

/// A denormal is zero, with its sign: .ftz.
float flushed(float a) { return std::fabs(a) < 0x1p-126f ? std::copysign(0.0f, a) : a; }

/// The other one if one is no number, and -0 is less than +0.
float least(float a, float b) {
  if (a == b)
    return std::bit_cast<float>(std::bit_cast<uint32_t>(a) | std::bit_cast<uint32_t>(b));
  return a < b || b != b ? a : b;
}
float largest(float a, float b) {
  if (a == b)
    return std::bit_cast<float>(std::bit_cast<uint32_t>(a) & std::bit_cast<uint32_t>(b));
  return a > b || b != b ? a : b;
}

/// Towards zero, within the type's range; 0 of what is no number.
template <typename Integer> Integer truncated(float a) {
  constexpr float low = float(std::numeric_limits<Integer>::min()), high = float(std::numeric_limits<Integer>::max());
  if (!(a > low))
    return a != a ? 0 : std::numeric_limits<Integer>::min();
  return a >= high ? std::numeric_limits<Integer>::max() : Integer(a);
}

} // namespace

void addFloatOperations(Operations &table) {
  define<float(float, float)>(table, "add.f32", [](float a, float b) { return a + b; });
  define<float(float, float)>(table, "sub.f32", [](float a, float b) { return a - b; });
  define<float(float, float)>(table, "mul.f32", [](float a, float b) { return a * b; });
  define<float(float, float)>(table, "div.rn.f32", [](float a, float b) { return a / b; });
  define<float(float)>(table, "rcp.rn.f32", [](float a) { return 1 / a; });
  define<float(float)>(table, "sqrt.rn.f32", [](float a) { return std::sqrt(a); });
  define<float(float)>(table, "rsqrt.approx.ftz.f32",
                       [](float a) { return flushed(float(1 / std::sqrt(double(flushed(a))))); });
  define<float(float)>(table, "neg.f32", [](float a) { return -a; });
  define<float(float)>(table, "abs.f32", [](float a) { return std::fabs(a); });
  define<float(float, float, float)>(table, "fma.rn.f32",
                                     [](float a, float b, float c) { return __builtin_fmaf(a, b, c); });
  define<float(float, float)>(table, "min.f32", [](float a, float b) { return least(a, b); });
  define<float(float, float)>(table, "max.f32", [](float a, float b) { return largest(a, b); });
  table["add.rn.f32"] = table["add.f32"];
  table["sub.rn.f32"] = table["sub.f32"];
  table["mul.rn.f32"] = table["mul.f32"];

  define<Pred(float, float)>(table, "setp.eq.f32", [](float a, float b) { return Pred(a == b); });
  define<Pred(float, float)>(table, "setp.ne.f32", [](float a, float b) { return Pred(a < b || a > b); });
  define<Pred(float, float)>(table, "setp.lt.f32", [](float a, float b) { return Pred(a < b); });
  define<Pred(float, float)>(table, "setp.le.f32", [](float a, float b) { return Pred(a <= b); });
  define<Pred(float, float)>(table, "setp.gt.f32", [](float a, float b) { return Pred(a > b); });
  define<Pred(float, float)>(table, "setp.ge.f32", [](float a, float b) { return Pred(a >= b); });
  define<Pred(float, float)>(table, "setp.equ.f32", [](float a, float b) { return Pred(!(a < b || a > b)); });
  define<Pred(float, float)>(table, "setp.neu.f32", [](float a, float b) { return Pred(a != b); });
  define<Pred(float, float)>(table, "setp.ltu.f32", [](float a, float b) { return Pred(!(a >= b)); });
  define<Pred(float, float)>(table, "setp.leu.f32", [](float a, float b) { return Pred(!(a > b)); });
  define<Pred(float, float)>(table, "setp.gtu.f32", [](float a, float b) { return Pred(!(a <= b)); });
  define<Pred(float, float)>(table, "setp.geu.f32", [](float a, float b) { return Pred(!(a < b)); });
  define<Pred(float, float)>(table, "setp.num.f32", [](float a, float b) { return Pred(a == a && b == b); });
  define<Pred(float, float)>(table, "setp.nan.f32", [](float a, float b) { return Pred(a != a || b != b); });
  define<float(float, float, Pred)>(table, "selp.f32", [](float a, float b, Pred p) { return p ? a : b; });
  define<float(float)>(table, "mov.f32", [](float a) { return a; });

  define<float(int32_t)>(table, "cvt.rn.f32.s32", [](int32_t a) { return float(a); });
  define<float(uint32_t)>(table, "cvt.rn.f32.u32", [](uint32_t a) { return float(a); });
  define<int32_t(float)>(table, "cvt.rzi.s32.f32", [](float a) { return truncated<int32_t>(a); });
  define<uint32_t(float)>(table, "cvt.rzi.u32.f32", [](float a) { return truncated<uint32_t>(a); });
  define<float(float)>(table, "cvt.rmi.f32.f32", [](float a) { return std::floor(a); });
  define<float(float)>(table, "cvt.rmi.ftz.f32.f32", [](float a) { return std::floor(flushed(a)); });
}

} // namespace ptx
