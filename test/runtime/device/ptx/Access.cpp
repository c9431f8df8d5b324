// Loads and stores. An address must be a multiple of what is accessed at once, and lie in memory that is there.
#include "test/runtime/device/ptx/Machine.h"

#include <algorithm>
#include <cstring>
#include <immintrin.h>
#include <limits>
#include <sstream>

namespace ptx {

namespace {

template <size_t Bytes> struct UnsignedOf;
template <> struct UnsignedOf<1> { using type = uint8_t; };
template <> struct UnsignedOf<2> { using type = uint16_t; };
template <> struct UnsignedOf<4> { using type = uint32_t; };
template <> struct UnsignedOf<8> { using type = uint64_t; };

template <typename Function> void forEach(const Active &active, Function function) {
  for (int thread = active.begin; thread < active.end; ++thread)
    if (!active.mask || active.mask[thread])
      function(thread);
}

struct Extent {
  uint64_t least = ~uint64_t(0), most = 0, bits = 0; ///< Of the addresses; the bits that any of them has.
};

Extent extentOf(const uint64_t *addresses, int64_t offset, const Active &active) {
  // Signed, which AVX2 compares.
  int64_t least = std::numeric_limits<int64_t>::max(), most = std::numeric_limits<int64_t>::min(), bits = 0;
  const auto add = [&](int64_t address) {
    least = std::min(least, address);
    most = std::max(most, address);
    bits |= address;
  };
  const int begin = active.begin, end = active.end;
  if (!active.mask)
    for (int thread = begin; thread < end; ++thread)
      add(int64_t(addresses[thread]) + offset);
  else
    forEach(active, [&](int thread) { add(int64_t(addresses[thread]) + offset); });
  return {uint64_t(least), uint64_t(most), uint64_t(bits)};
}

void needAligned(const uint64_t *addresses, int64_t offset, size_t bytes, const Extent &extent, const Active &active) {
  if (extent.bits & (bytes - 1))
    forEach(active, [&](int thread) {
      if (const uint64_t address = addresses[thread] + uint64_t(offset); address & (bytes - 1))
        throw ThreadFault(thread, "an address that is no multiple of what is accessed: " + place(address, bytes));
    });
}

/// Where the host has what each active thread accesses.
struct GlobalPlaces {
  GlobalPlaces(const uint64_t *addresses, int64_t offset, size_t bytes, Block &block)
      : addresses(addresses), offset(offset), bytes(bytes), block(block) {
    const Extent extent = extentOf(addresses, offset, block.active);
    needAligned(addresses, offset, bytes, extent, block.active);
    const Memory::Span *span = block.lastSpan;
    if (!span || !span->holds(extent.least, bytes))
      span = block.memory->find(extent.least, bytes);
    if (span && span->holds(extent.most, bytes)) {
      block.lastSpan = span;
      isOneSpan = true;
      base = reinterpret_cast<uint64_t>(span->host) - span->begin + uint64_t(offset);
    }
  }

  char *of(int thread) const {
    if (isOneSpan)
      return reinterpret_cast<char *>(base + addresses[thread]);
    const uint64_t address = addresses[thread] + uint64_t(offset);
    const Memory::Span *span = block.memory->find(address, bytes);
    if (!span)
      throw ThreadFault(thread, "no allocation holds " + place(address, bytes));
    return span->host + (address - span->begin);
  }

  const uint64_t *addresses;
  int64_t offset;
  size_t bytes;
  Block &block;
  bool isOneSpan = false;
  uint64_t base = 0; ///< Of one span: where the host would have address 0, and the offset.
};

/// In the thread's own memory.
char *localPlace(Block &block, uint64_t address, size_t bytes, int thread) {
  const size_t size = block.kernel->localBytes;
  if (address > size || bytes > size - address)
    throw ThreadFault(thread,
                      "the thread's local memory, " + place(0, size) + ", does not hold " + place(address, bytes));
  return block.local.data() + size_t(thread) * size + address;
}

/// Four threads' four floats, by which most sums are fed.
void loadFourTimesFour(const GlobalPlaces &places, int thread, const std::array<uint32_t *, 4> &to) {
  __m128 rows[4];
  for (int index = 0; index < 4; ++index)
    rows[index] = _mm_loadu_ps(reinterpret_cast<const float *>(places.base + places.addresses[thread + index]));
  _MM_TRANSPOSE4_PS(rows[0], rows[1], rows[2], rows[3]);
  for (int index = 0; index < 4; ++index)
    _mm_storeu_ps(reinterpret_cast<float *>(to[size_t(index)] + thread), rows[index]);
}

enum class Space { Global, Shared, Local };

template <Space space, typename Element, typename Register, int count> void load(const Bound &step, Block &block) {
  constexpr size_t bytes = sizeof(Element) * count;
  const auto *addresses = step.row<const uint64_t>(count);
  std::array<Register *, count> to;
  for (int index = 0; index < count; ++index)
    to[index] = step.row<Register>(index);
  const auto put = [to](int thread, const char *from) {
    Element elements[count];
    std::memcpy(elements, from, bytes);
    for (int index = 0; index < count; ++index)
      to[index][thread] = elements[index];
  };
  if constexpr (space == Space::Global) {
    const GlobalPlaces places(addresses, step.offset, bytes, block);
    int thread = block.active.begin;
    if constexpr (count == 4 && sizeof(Element) == 4 && sizeof(Register) == 4)
      if (places.isOneSpan && !block.active.mask)
        for (; thread + 4 <= block.active.end; thread += 4)
          loadFourTimesFour(places, thread, to);
    forEach({thread, block.active.end, block.active.mask}, [&](int thread) { put(thread, places.of(thread)); });
  } else {
    needAligned(addresses, step.offset, bytes, extentOf(addresses, step.offset, block.active), block.active);
    forEach(block.active, [&](int thread) {
      const uint64_t address = addresses[thread] + uint64_t(step.offset);
      put(thread, space == Space::Shared ? block.shared.read(address, bytes, thread)
                                         : localPlace(block, address, bytes, thread));
    });
  }
}

template <Space space, typename Element, typename Register, int count> void store(const Bound &step, Block &block) {
  constexpr size_t bytes = sizeof(Element) * count;
  const auto *addresses = step.row<const uint64_t>(0);
  std::array<const Register *, count> from;
  for (int index = 0; index < count; ++index)
    from[index] = step.row<const Register>(index + 1);
  const auto take = [from](int thread, Element *elements) {
    for (int index = 0; index < count; ++index)
      elements[index] = Element(from[index][thread]);
  };
  Element elements[count];
  if constexpr (space == Space::Global) {
    const GlobalPlaces places(addresses, step.offset, bytes, block);
    forEach(block.active, [&](int thread) {
      take(thread, elements);
      std::memcpy(places.of(thread), elements, bytes);
    });
  } else {
    needAligned(addresses, step.offset, bytes, extentOf(addresses, step.offset, block.active), block.active);
    forEach(block.active, [&](int thread) {
      const uint64_t address = addresses[thread] + uint64_t(step.offset);
      take(thread, elements);
      std::memcpy(space == Space::Shared ? block.shared.write(address, bytes, thread, elements)
                                         : localPlace(block, address, bytes, thread),
                  elements, bytes);
    });
  }
}

template <Space space, typename Element, typename Register> Run runFor(bool isLoad, int count) {
  switch (count) {
  case 1:
    return isLoad ? load<space, Element, Register, 1> : store<space, Element, Register, 1>;
  case 2:
    return isLoad ? load<space, Element, Register, 2> : store<space, Element, Register, 2>;
  case 4:
    if constexpr (sizeof(Register) <= 4)
      return isLoad ? load<space, Element, Register, 4> : store<space, Element, Register, 4>;
  }
  return nullptr;
}

template <Space space> Run runFor(bool isLoad, int count, size_t elementBytes, size_t registerBytes) {
  switch (10 * elementBytes + registerBytes) {
  case 12:
    return runFor<space, uint8_t, uint16_t>(isLoad, count);
  case 14:
    return runFor<space, uint8_t, uint32_t>(isLoad, count);
  case 44:
    return runFor<space, uint32_t, uint32_t>(isLoad, count);
  case 48:
    return runFor<space, uint32_t, uint64_t>(isLoad, count);
  case 88:
    return runFor<space, uint64_t, uint64_t>(isLoad, count);
  }
  return nullptr;
}

} // namespace

bool findAccess(const std::string &mnemonic, size_t registerBytes, Access &access) {
  std::istringstream parts(mnemonic);
  std::string part;
  std::getline(parts, part, '.');
  access.isLoad = part == "ld";
  if (!std::getline(parts, access.space, '.') || !std::getline(parts, part, '.'))
    return false;
  if (access.space == "global" && access.isLoad && part == "nc" && !std::getline(parts, part, '.'))
    return false;
  access.count = part == "v2" ? 2 : part == "v4" ? 4 : 1;
  if (access.count > 1 && !std::getline(parts, part, '.'))
    return false;
  // A signed element would be extended into a wider register; none is loaded so.
  access.elementBytes = part[0] == 's' ? 0 : bytesOfType("." + part);
  if (!access.elementBytes || part == "pred" || !parts.eof())
    return false;
  if (!registerBytes)
    registerBytes = std::max<size_t>(2, access.elementBytes); // There are none of 8 bits.
  access.registerBytes = registerBytes;
  if (access.space == "global")
    access.run = runFor<Space::Global>(access.isLoad, access.count, access.elementBytes, registerBytes);
  else if (access.space == "shared")
    access.run = runFor<Space::Shared>(access.isLoad, access.count, access.elementBytes, registerBytes);
  else if (access.space == "local")
    access.run = runFor<Space::Local>(access.isLoad, access.count, access.elementBytes, registerBytes);
  return access.run;
}

} // namespace ptx
