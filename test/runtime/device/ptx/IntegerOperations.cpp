// Integers, bits and predicates. Shifts take any amount; products are of the type's width unless they say otherwise.
#include "test/runtime/device/ptx/Machine.h"
#include "test/runtime/device/ptx/Operation.h"

#include <algorithm>

namespace ptx {

namespace {

using Pred = uint8_t;

template <typename Value> void addArithmetic(Operations &table, const std::string &type) {
  using Unsigned = std::make_unsigned_t<Value>; // Which wraps around.
  define<Value(Value, Value)>(table, "add." + type, [](Value a, Value b) { return Value(Unsigned(a) + Unsigned(b)); });
  define<Value(Value, Value)>(table, "sub." + type, [](Value a, Value b) { return Value(Unsigned(a) - Unsigned(b)); });
  define<Value(Value, Value)>(table, "min." + type, [](Value a, Value b) { return std::min(a, b); });
  define<Value(Value, Value)>(table, "max." + type, [](Value a, Value b) { return std::max(a, b); });
  constexpr auto product = [](Value a, Value b) {
    if constexpr (sizeof(Value) == 2)
      return Value(uint32_t(Unsigned(a)) * Unsigned(b));
    else
      return Value(Unsigned(a) * Unsigned(b));
  };
  define<Value(Value, Value)>(table, "mul.lo." + type, product);
  define<Value(Value, Value, Value)>(table, "mad.lo." + type, [](Value a, Value b, Value c) {
    return Value(Unsigned(decltype(product)()(a, b)) + Unsigned(c));
  });
  if constexpr (std::is_signed_v<Value>)
    define<Value(Value)>(table, "neg." + type, [](Value a) { return Value(Unsigned(0) - Unsigned(a)); });
  define<Value(Value, uint32_t)>(table, "shr." + type, [](Value a, uint32_t by) {
    constexpr uint32_t bits = 8 * sizeof(Value);
    return Value(std::is_signed_v<Value> ? a >> std::min(by, bits - 1) : by >= bits ? 0 : a >> (by & (bits - 1)));
  });
  define<Pred(Value, Value)>(table, "setp.lt." + type, [](Value a, Value b) { return Pred(a < b); });
  define<Pred(Value, Value)>(table, "setp.le." + type, [](Value a, Value b) { return Pred(a <= b); });
  define<Pred(Value, Value)>(table, "setp.gt." + type, [](Value a, Value b) { return Pred(a > b); });
  define<Pred(Value, Value)>(table, "setp.ge." + type, [](Value a, Value b) { return Pred(a >= b); });
}

template <typename Narrow, typename Wide> void addWide(Operations &table, const std::string &type) {
  define<Wide(Narrow, Narrow)>(table, "mul.wide." + type, [](Narrow a, Narrow b) { return Wide(Wide(a) * Wide(b)); });
}

template <typename Value> void addBits(Operations &table, const std::string &type) {
  define<Value(Value, Value)>(table, "and." + type, [](Value a, Value b) { return Value(a & b); });
  define<Value(Value, Value)>(table, "or." + type, [](Value a, Value b) { return Value(a | b); });
  define<Value(Value, Value)>(table, "xor." + type, [](Value a, Value b) { return Value(a ^ b); });
  define<Value(Value)>(table, "mov." + type, [](Value a) { return a; });
}

/// What predicates do not have.
template <typename Value> void addValues(Operations &table, const std::string &type) {
  addBits<Value>(table, type);
  define<Value(Value)>(table, "not." + type, [](Value a) { return Value(~a); });
  define<Value(Value, uint32_t)>(table, "shl." + type, [](Value a, uint32_t by) {
    constexpr uint32_t bits = 8 * sizeof(Value);
    return Value(by >= bits ? 0 : uint64_t(a) << (by & (bits - 1)));
  });
  define<Value(Value, Value, Pred)>(table, "selp." + type, [](Value a, Value b, Pred p) { return p ? a : b; });
  define<Pred(Value, Value)>(table, "setp.eq." + type, [](Value a, Value b) { return Pred(a == b); });
  define<Pred(Value, Value)>(table, "setp.ne." + type, [](Value a, Value b) { return Pred(a != b); });
}

template <typename From, typename To> void addConversion(Operations &table, const std::string &types) {
  define<To(From)>(table, "cvt." + types, [](From a) { return To(a); });
}

/// Byte by byte out of the eight of both: a nibble of `select` says which, and whether its sign alone.
uint32_t permuted(uint32_t low, uint32_t high, uint32_t select) {
  const uint64_t bytes = uint64_t(high) << 32 | low;
  uint32_t result = 0;
  for (int index = 0; index < 4; ++index) {
    const uint32_t nibble = select >> (4 * index) & 15;
    uint32_t byte = uint32_t(bytes >> (8 * (nibble & 7))) & 255;
    if (nibble & 8)
      byte = byte & 128 ? 255 : 0;
    result |= byte << (8 * index);
  }
  return result;
}

uint32_t extracted(uint32_t from, uint32_t position, uint32_t length) {
  position &= 255;
  length &= 255;
  if (position >= 32 || length == 0)
    return 0;
  return from >> position & (length >= 32 ? ~0u : (1u << length) - 1);
}

void pack(const Bound &step, Block &block) {
  struct Halves {
    uint64_t operator()(uint32_t low, uint32_t high) const { return uint64_t(high) << 32 | low; }
  };
  execute<Halves, uint64_t, uint32_t, uint32_t>(step, activeOf(block), std::make_index_sequence<2>());
}

void unpack(const Bound &step, Block &block) {
  struct Low {
    uint32_t operator()(uint64_t value) const { return uint32_t(value); }
  };
  struct High {
    uint32_t operator()(uint64_t value) const { return uint32_t(value >> 32); }
  };
  const Bound low{nullptr, {step.rows[0], step.rows[2]}}, high{nullptr, {step.rows[1], step.rows[2]}};
  execute<Low, uint32_t, uint64_t>(low, activeOf(block), std::make_index_sequence<1>());
  execute<High, uint32_t, uint64_t>(high, activeOf(block), std::make_index_sequence<1>());
}

} // namespace

void addIntegerOperations(Operations &table) {
  addArithmetic<int16_t>(table, "s16");
  addArithmetic<uint16_t>(table, "u16");
  addArithmetic<int32_t>(table, "s32");
  addArithmetic<uint32_t>(table, "u32");
  addArithmetic<int64_t>(table, "s64");
  addArithmetic<uint64_t>(table, "u64");
  addWide<int16_t, int32_t>(table, "s16");
  addWide<uint16_t, uint32_t>(table, "u16");
  addWide<int32_t, int64_t>(table, "s32");
  addWide<uint32_t, uint64_t>(table, "u32");
  addBits<Pred>(table, "pred");
  addValues<uint16_t>(table, "b16");
  addValues<uint32_t>(table, "b32");
  addValues<uint64_t>(table, "b64");
  define<Pred(Pred)>(table, "not.pred", [](Pred a) { return Pred(!a); });
  define<uint32_t(uint32_t, uint32_t)>(table, "mul.hi.u32",
                                       [](uint32_t a, uint32_t b) { return uint32_t(uint64_t(a) * b >> 32); });
  define<uint32_t(uint32_t, uint32_t, uint32_t)>(table, "prmt.b32",
                                                 [](uint32_t a, uint32_t b, uint32_t c) { return permuted(a, b, c); });
  define<uint32_t(uint32_t, uint32_t, uint32_t)>(table, "bfe.u32",
                                                 [](uint32_t a, uint32_t b, uint32_t c) { return extracted(a, b, c); });
  table["mov.u32"] = table["mov.s32"] = table["mov.b32"];
  table["mov.u64"] = table["mov.s64"] = table["cvta.to.global.u64"] = table["mov.b64"];
  table["mov.u16"] = table["mov.b16"];
  table["setp.eq.u64"] = table["setp.eq.s64"] = table["setp.eq.b64"];
  table["setp.ne.u64"] = table["setp.ne.s64"] = table["setp.ne.b64"];
  table["setp.eq.u32"] = table["setp.eq.s32"] = table["setp.eq.b32"];
  table["setp.ne.u32"] = table["setp.ne.s32"] = table["setp.ne.b32"];
  addConversion<uint64_t, uint32_t>(table, "u32.u64");
  addConversion<uint32_t, uint64_t>(table, "u64.u32");
  addConversion<int32_t, int64_t>(table, "s64.s32");
  addConversion<uint32_t, uint16_t>(table, "u16.u32");
  addConversion<uint16_t, uint32_t>(table, "u32.u16");
  addConversion<int16_t, int32_t>(table, "s32.s16");
  addConversion<uint16_t, uint64_t>(table, "u64.u16");
  // A 64-bit register of two of 32 bits: the decoder turns `mov.b64 %rd1, {%r1, %r2}` into these.
  table["mov.b64{}"] = {pack, 1, {8, 4, 4}};
  table["mov.b64{}="] = {unpack, 2, {4, 4, 8}};
}

} // namespace ptx
