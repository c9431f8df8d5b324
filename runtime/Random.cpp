#include "runtime/Random.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace fovea {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t first = uint64_t(0xD2511F53) * c[0];
    uint64_t second = uint64_t(0xCD9E8D57) * c[2];
    c = {uint32_t(second >> 32) ^ c[1] ^ key[0], uint32_t(second), uint32_t(first >> 32) ^ c[3] ^ key[1],
         uint32_t(first)};
    key[0] += 0x9E3779B9; // the golden ratio
    key[1] += 0xBB67AE85; // sqrt(3) - 1
  }
  return c;
}

uint64_t streamOf(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char byte : name)
    hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

uint32_t Random::next() {
  if (used == 4) {
    buffer = philox4x32({uint32_t(counter), uint32_t(counter >> 32), uint32_t(stream), uint32_t(stream >> 32)},
                        {uint32_t(seed), uint32_t(seed >> 32)});
    ++counter;
    used = 0;
  }
  return buffer[used++];
}

double Random::normal() {
  if (std::exchange(hasSpare, false))
    return spare;
  double radius = std::sqrt(-2 * std::log(uniform()));
  double angle = 2 * std::numbers::pi * uniform();
  spare = radius * std::sin(angle);
  hasSpare = true;
  return radius * std::cos(angle);
}

uint32_t Random::below(uint32_t bound) {
  uint64_t product = uint64_t(next()) * bound;
  if (uint32_t(product) < bound) {
    uint32_t threshold = -bound % bound;
    while (uint32_t(product) < threshold)
      product = uint64_t(next()) * bound;
  }
  return uint32_t(product >> 32);
}

std::vector<int64_t> shuffledOrder(size_t count, uint64_t seed, uint64_t epoch) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), int64_t(0));
  Random random(seed, streamOf("shuffle") + epoch);
  for (size_t i = count; i > 1; --i)
    std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
  return order;
}

} // namespace fovea
