// Direct sums or Winograd's filtering: the choices, by what both take where they were measured.
#include "passes/WinogradModel.h"
#include "test/passes/MeasuredMachine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace fovea {
namespace {

/// A convolution of stride 1 that keeps the size of its square image, and microseconds by tile; 0: direct sums.
struct Measured {
  const char *name;
  int64_t images, inputs, outputs, groups, size, kernel;
  std::map<int64_t, double> microseconds;
};

/// Two cores of an AMD EPYC (Zen 4), weights from memory but for SqueezeNet and LeNet, with the schedules that the cost model
/// chose when this was measured: each row in one sitting.
const Measured avx512[] = {
    {"resnet50 conv2", 1, 64, 64, 1, 56, 3, {{0, 1004}, {2, 897}, {4, 557}, {6, 536}}},
    {"resnet50 conv3", 1, 128, 128, 1, 28, 3, {{0, 1022}, {2, 580}, {4, 388}, {6, 416}}},
    {"resnet50 conv4", 1, 256, 256, 1, 14, 3, {{0, 1040}, {2, 618}, {4, 617}, {6, 949}}},
    {"resnet50 conv5", 1, 512, 512, 1, 7, 3, {{0, 1294}, {2, 1065}, {4, 1521}, {6, 2755}}},
    {"vgg16 conv1_2", 1, 64, 64, 1, 224, 3, {{0, 16885}, {2, 18527}, {4, 12267}, {6, 10889}}},
    {"vgg16 conv2_1", 1, 64, 128, 1, 112, 3, {{0, 8074}, {2, 7988}, {4, 4499}, {6, 4238}}},
    {"vgg16 conv3_2", 1, 256, 256, 1, 56, 3, {{0, 16749}, {2, 9744}, {4, 5730}, {6, 5349}}},
    {"vgg16 conv4_1", 1, 256, 512, 1, 28, 3, {{0, 8406}, {2, 4188}, {4, 2566}, {6, 2557}}},
    {"vgg16 conv5_1", 1, 512, 512, 1, 14, 3, {{0, 4636}, {2, 2051}, {4, 1804}, {6, 2240}}},
    {"googlenet 3a 3x3", 1, 96, 128, 1, 28, 3, {{0, 857}, {2, 649}, {4, 551}, {6, 533}}},
    {"googlenet 3a 5x5", 1, 16, 32, 1, 28, 5, {{0, 87}, {2, 112}, {4, 62}}},
    {"googlenet 4a 3x3", 1, 96, 208, 1, 14, 3, {{0, 379}, {2, 341}, {4, 341}, {6, 502}}},
    {"googlenet 4e 5x5", 1, 32, 128, 1, 14, 5, {{0, 223}, {2, 214}, {4, 183}}},
    {"googlenet 5a 5x5", 1, 32, 128, 1, 7, 5, {{0, 61.5}, {2, 47.9}, {4, 53.5}}},
    {"googlenet 5b 3x3", 1, 192, 384, 1, 7, 3, {{0, 551}, {2, 289}, {4, 331}, {6, 633}}},
    {"squeezenet fire2", 1, 16, 64, 1, 54, 3, {{0, 249}, {2, 245}, {4, 151}, {6, 115}}},
    {"squeezenet fire9", 1, 64, 256, 1, 13, 3, {{0, 219}, {2, 140}, {4, 105}, {6, 114}}},
    {"alexnet conv3", 1, 256, 384, 1, 13, 3, {{0, 1465}, {2, 811}, {4, 684}, {6, 899}}},
    {"alexnet conv4", 1, 384, 384, 2, 13, 3, {{0, 1109}, {2, 637}, {4, 558}, {6, 739}}},
    {"lenet conv2", 1, 20, 50, 1, 8, 5, {{0, 16.3}, {2, 13.8}, {4, 9.8}}},
};

const Measured avx2[] = {
    {"resnet50 conv2", 1, 64, 64, 1, 56, 3, {{0, 1132}, {2, 889}, {4, 527}, {6, 551}}},
    {"resnet50 conv4", 1, 256, 256, 1, 14, 3, {{0, 1129}, {2, 729}, {4, 581}, {6, 1172}}},
    {"resnet50 conv5", 1, 512, 512, 1, 7, 3, {{0, 1412}, {2, 920}, {4, 1127}, {6, 2039}}},
    {"vgg16 conv1_2", 1, 64, 64, 1, 224, 3, {{0, 19736}, {2, 14744}, {4, 10294}, {6, 9788}}},
    {"vgg16 conv2_2", 1, 128, 128, 1, 112, 3, {{0, 17577}, {2, 17072}, {4, 10098}, {6, 8584}}},
    {"vgg16 conv4_1", 1, 256, 512, 1, 28, 3, {{0, 8771}, {2, 4979}, {4, 3732}, {6, 4222}}},
    {"vgg16 conv5_1", 1, 512, 512, 1, 14, 3, {{0, 4616}, {2, 2832}, {4, 2209}, {6, 4532}}},
    {"googlenet 4e 5x5", 1, 32, 128, 1, 14, 5, {{0, 197}, {2, 121}, {4, 130}}},
    {"googlenet 5b 3x3", 1, 192, 384, 1, 7, 3, {{0, 394}, {2, 326}, {4, 382}, {6, 655}}},
    {"squeezenet fire4", 1, 32, 128, 1, 54, 3, {{0, 957}, {2, 657}, {4, 500}, {6, 410}}},
    {"alexnet conv3", 1, 256, 384, 1, 13, 3, {{0, 1582}, {2, 1094}, {4, 881}, {6, 1826}}},
    {"lenet conv2", 1, 20, 50, 1, 8, 5, {{0, 18.2}, {2, 15.2}, {4, 10.3}}},
};

void expectGoodChoices(const TargetInfo &target, auto &measured) {
  for (const Measured &row : measured) {
    const ConvolutionCost cost = convolutionCost({.images = row.images,
                                                  .inputs = row.inputs,
                                                  .outputs = row.outputs,
                                                  .groups = row.groups,
                                                  .height = row.size,
                                                  .width = row.size,
                                                  .kernel = row.kernel},
                                                 ConvolutionPass::Forward, target);
    const int64_t chosen = cost.winogradPays() ? cost.tile : 0;
    const double least = std::min_element(row.microseconds.begin(), row.microseconds.end(), [](auto &a, auto &b) {
                           return a.second < b.second;
                         })->second;
    EXPECT_LE(row.microseconds.at(chosen), 1.15 * least) << row.name << ": tile " << chosen;
  }
}

TEST(WinogradModel, ChoosesWhatIsFastWithAvx512) { expectGoodChoices(twoCores("x86-64-v4"), avx512); }

TEST(WinogradModel, ChoosesWhatIsFastWithAvx2) { expectGoodChoices(twoCores("x86-64-v3"), avx2); }

} // namespace
} // namespace fovea
