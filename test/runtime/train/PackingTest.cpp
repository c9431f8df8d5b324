#include "runtime/Packing.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace fovea;

namespace {
ParameterInfo weight() {
  ParameterInfo p;
  p.name = "conv.weight";
  p.shape = {5, 2, 3, 3};
  p.layout = PackedLayout::Weight;
  p.pack = {5, 2, 3, 3};
  p.block = 4;
  p.size = 2 * 3 * 3 * 2 * 4;
  return p;
}

std::vector<float> counting(int64_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}
} // namespace

TEST(Packing, WeightLiesInBlocksOfOutputs) {
  ParameterInfo p = weight();
  std::vector<float> logical = counting(p.elements()), packed(p.size, -1);
  pack(p, logical.data(), packed.data());
  for (int o = 0; o < 8; ++o)
    for (int i = 0; i < 2; ++i)
      for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 3; ++x) {
          float expected = o < 5 ? logical[((o * 2 + i) * 3 + y) * 3 + x] : 0; // the last block's tail is zero
          EXPECT_EQ(packed[((((o / 4) * 3 + y) * 3 + x) * 2 + i) * 4 + o % 4], expected);
        }
}

TEST(Packing, UnpackUndoesPack) {
  for (PackedLayout layout : {PackedLayout::Plain, PackedLayout::Weight, PackedLayout::Vector}) {
    ParameterInfo p = weight();
    p.layout = layout;
    p.size += layout == PackedLayout::Vector ? 50 : 0;
    std::vector<float> logical = counting(p.elements()), packed(p.size), back(p.elements());
    pack(p, logical.data(), packed.data());
    unpack(p, packed.data(), back.data());
    EXPECT_EQ(logical, back);
  }
}

TEST(Packing, UnsharedWeightsLieByPixel) {
  ParameterInfo p;
  p.shape = {5, 2, 3, 2, 2, 1};
  p.layout = PackedLayout::LocalWeight;
  p.block = 4;
  p.size = 6 * 2 * 2 * 2 * 4;
  const std::vector<float> logical = counting(p.elements());
  std::vector<float> packed(p.size, -1), back(p.elements());
  pack(p, logical.data(), packed.data());
  for (int o = 0; o < 8; ++o)
    for (int pixel = 0; pixel < 6; ++pixel)
      for (int i = 0; i < 2; ++i)
        for (int tap = 0; tap < 2; ++tap)
          EXPECT_EQ(packed[(((pixel * 2 + o / 4) * 2 + tap) * 2 + i) * 4 + o % 4],
                    o < 5 ? logical[((o * 6 + pixel) * 2 + i) * 2 + tap] : 0);
  unpack(p, packed.data(), back.data());
  EXPECT_EQ(logical, back);
}

TEST(Packing, BiasesByPixelAreChannelsLast) {
  ParameterInfo p;
  p.shape = {3, 2, 2};
  p.layout = PackedLayout::ChannelsLast;
  p.block = 4;
  p.size = 16;
  const std::vector<float> logical = counting(12);
  std::vector<float> packed(16, -1);
  pack(p, logical.data(), packed.data());
  EXPECT_EQ(packed, (std::vector<float>{1, 5, 9, 0, 2, 6, 10, 0, 3, 7, 11, 0, 4, 8, 12, 0}));
}

TEST(Packing, MaskedElementsAreZeroBothWays) {
  ParameterInfo p = weight();
  p.mask.assign(p.elements(), 1);
  p.mask[7] = 0;
  std::vector<float> logical = counting(p.elements()), packed(p.size), back(p.elements());
  pack(p, logical.data(), packed.data());
  EXPECT_EQ(packed[packedIndex(p, 7)], 0);
  packed[packedIndex(p, 7)] = 5;
  unpack(p, packed.data(), back.data());
  EXPECT_EQ(back[7], 0);
  EXPECT_EQ(back[8], logical[8]);
}

TEST(Packing, VectorIsFollowedByZeros) {
  ParameterInfo p;
  p.shape = {3};
  p.layout = PackedLayout::Vector;
  p.size = 8;
  std::vector<float> packed(8, -1);
  pack(p, counting(3).data(), packed.data());
  EXPECT_EQ(packed, (std::vector<float>{1, 2, 3, 0, 0, 0, 0, 0}));
}
