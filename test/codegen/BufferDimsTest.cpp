#include "codegen/BufferDims.h"

#include <gtest/gtest.h>

namespace fovea {

static void PrintTo(const BufferDim &dim, std::ostream *out) { *out << dim.extent << " by " << dim.stride; }

namespace {

TensorSpec tensor(std::vector<int64_t> shape, LayoutKind layout = LayoutKind::Plain, int64_t block = 0,
                  std::vector<int64_t> spatial = {}) {
  return {std::move(shape), ElementType::F32, layout, block, std::move(spatial)};
}

using Dims = std::vector<BufferDim>;

TEST(BufferDims, plainIsRowMajor) {
  EXPECT_EQ(bufferDims(tensor({2, 3, 4, 5})), (Dims{{5, 1}, {4, 5}, {3, 20}, {2, 60}}));
  EXPECT_EQ(bufferDims(tensor({2, 3})), (Dims{{3, 1}, {2, 3}}));
  EXPECT_EQ(bufferDims(tensor({8})), (Dims{{8, 1}}));
}

TEST(BufferDims, channelsLastPadsChannels) {
  EXPECT_EQ(bufferDims(tensor({2, 3, 4, 5}, LayoutKind::ChannelsLast, 8)), (Dims{{8, 1}, {5, 8}, {4, 40}, {2, 160}}));
  EXPECT_EQ(bufferDims(tensor({2, 10}, LayoutKind::ChannelsLast, 16)), (Dims{{16, 1}, {2, 16}}));
}

TEST(BufferDims, weightsAreInBlocksOfOutputs) {
  EXPECT_EQ(bufferDims(tensor({20, 3, 5, 6}, LayoutKind::Weight, 16)),
            (Dims{{16, 1}, {3, 16}, {6, 48}, {5, 288}, {2, 1440}}));
}

TEST(BufferDims, transposedWeightsAreInBlocksOfInputs) {
  EXPECT_EQ(bufferDims(tensor({20, 3, 5, 6}, LayoutKind::WeightTransposed, 8)),
            (Dims{{8, 1}, {20, 8}, {6, 160}, {5, 960}, {1, 4800}}));
}

TEST(BufferDims, denseWeightsUseTheirView) {
  EXPECT_EQ(bufferDims(tensor({10, 12}, LayoutKind::Weight, 16, {3, 2, 2})),
            (Dims{{16, 1}, {3, 16}, {2, 48}, {2, 96}, {1, 192}}));
}

TEST(BufferDims, unsharedConvolutions) {
  EXPECT_EQ(bufferDims(tensor({5, 2, 3}, LayoutKind::ChannelsLast, 8)), (Dims{{8, 1}, {3, 8}, {2, 24}}));
  EXPECT_EQ(bufferDims(tensor({5, 2, 3, 7, 4, 6}, LayoutKind::LocalWeight, 4)),
            (Dims{{4, 1}, {7, 4}, {6, 28}, {4, 168}, {12, 672}}));
}
TEST(BufferDims, vectorsArePadded) { EXPECT_EQ(bufferDims(tensor({20}, LayoutKind::Vector, 32)), (Dims{{32, 1}})); }

} // namespace
} // namespace fovea
