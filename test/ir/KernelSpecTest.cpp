#include "ir/KernelSpec.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fovea {
namespace {

/// conv1 of LeNet with ReLU: every kind of attribute, two layouts, a schedule.
KernelSpec convRelu() {
  const TensorSpec output{{64, 20, 24, 24}, ElementType::F32, LayoutKind::ChannelsLast, 24, {}};
  KernelSpec kernel;
  kernel.inputs = {{{64, 1, 28, 28}, ElementType::F32, LayoutKind::ChannelsLast, 1, {}},
                   {{20, 1, 5, 5}, ElementType::F32, LayoutKind::Weight, 24, {1, 5, 5}}};
  kernel.ops = {{"conv2d",
                 {0, 1},
                 {{"stride", std::vector<int64_t>{1, 1}},
                  {"count", int64_t(3)},
                  {"half", 0.5},
                  {"whole", 2.0},
                  {"third", double(1.0f / 3)},
                  {"ceil", false},
                  {"divisor", std::string("padded")}},
                 {output}},
                {"relu", {2}, {}, {output}}};
  kernel.schedule = {{"tile_x", 12}, {"lanes", 8}};
  return kernel;
}

std::string messageOf(const std::string &json) {
  try {
    kernelFromJson(json);
  } catch (const std::invalid_argument &error) {
    return error.what();
  }
  return "no error";
}

TEST(KernelSpec, JsonGivesTheSameKernelBack) {
  const std::string text = toJson(convRelu());
  EXPECT_EQ(kernelFromJson(text), convRelu());
  EXPECT_EQ(toJson(kernelFromJson(text)), text);
}

TEST(KernelSpec, JsonKeepsIntegersAndNumbersApart) {
  const KernelSpec kernel = kernelFromJson(toJson(convRelu()));
  EXPECT_TRUE(std::holds_alternative<int64_t>(kernel.ops[0].attributes.at("count")));
  EXPECT_TRUE(std::holds_alternative<double>(kernel.ops[0].attributes.at("whole")));
  EXPECT_TRUE(std::holds_alternative<bool>(kernel.ops[0].attributes.at("ceil")));
}

TEST(KernelSpec, JsonIsOneLineWithSortedKeys) {
  KernelSpec kernel;
  kernel.inputs = {{{2, 3}}};
  kernel.ops = {{"relu", {0}, {}, {{{2, 3}}}}};
  EXPECT_EQ(toJson(kernel), R"({"inputs":[{"element":"f32","layout":"plain","shape":[2,3]}],)"
                            R"("ops":[{"attributes":{},"op":"relu","operands":[0],)"
                            R"("results":[{"element":"f32","layout":"plain","shape":[2,3]}]}],"schedule":{}})");
}

TEST(KernelSpec, BadJsonIsNamed) {
  EXPECT_EQ(messageOf(R"({"inputs":[{"shape":[1],"element":"f64","layout":"plain"}],"ops":[],"schedule":{}})"),
            "kernel: unknown element type \"f64\"");
  EXPECT_EQ(messageOf(R"({"inputs":[{"shape":[1],"element":"f32","layout":"odd"}],"ops":[],"schedule":{}})"),
            "kernel: unknown layout \"odd\"");
  EXPECT_EQ(
      messageOf(R"({"inputs":[],"ops":[{"op":"relu","operands":[0],"attributes":{},"results":[]}],"schedule":{}})"),
      "kernel: relu reads value 0, but only 0 come before it");
  EXPECT_EQ(
      messageOf(R"({"inputs":[],"ops":[{"op":"x","operands":[],"attributes":{"a":null},"results":[]}],"schedule":{}})"),
      "kernel: attribute \"a\" is none of integer, number, bool, string, integers");
  EXPECT_NE(messageOf("{").find("kernel: "), std::string::npos);
  EXPECT_NE(messageOf("{}").find("key 'inputs' not found"), std::string::npos);
}

TEST(KernelSpec, ValuesAreInputsThenResults) {
  const KernelSpec kernel = convRelu();
  EXPECT_EQ(&kernel.tensor(1), &kernel.inputs[1]);
  EXPECT_EQ(&kernel.tensor(2), &kernel.ops[0].results[0]);
  EXPECT_EQ(&kernel.tensor(3), &kernel.ops[1].results[0]);
  EXPECT_THROW(kernel.tensor(4), std::out_of_range);
}

TEST(KernelSpec, PhysicalSizesCountPaddingLanes) {
  using enum LayoutKind;
  const ElementType f32 = ElementType::F32;
  EXPECT_EQ(physicalElements({{2, 3, 4, 5}}), 2 * 3 * 4 * 5);
  EXPECT_EQ(physicalElements({{2, 3, 4, 5}, f32, ChannelsLast, 8, {}}), 2 * 8 * 4 * 5);
  EXPECT_EQ(physicalElements({{2, 10}, f32, ChannelsLast, 16, {}}), 2 * 16);
  EXPECT_EQ(physicalElements({{10}, f32, Vector, 16, {}}), 16);
  EXPECT_EQ(physicalElements({{20, 3, 5, 5}, f32, Weight, 16, {}}), 2 * 16 * 3 * 5 * 5);
  EXPECT_EQ(physicalElements({{20, 3, 5, 5}, f32, WeightTransposed, 8, {}}), 8 * 20 * 5 * 5);
  EXPECT_EQ(physicalElements({{500, 800}, f32, Weight, 24, {50, 4, 4}}), 21 * 24 * 800);
  EXPECT_EQ(physicalElements({{500, 800}, f32, WeightTransposed, 24, {50, 4, 4}}), 3 * 24 * 4 * 4 * 500);
  EXPECT_EQ(physicalBytes({{2, 3}}), 24);
  EXPECT_EQ(physicalBytes({{2, 3, 4, 4}, ElementType::U8, ChannelsLast, 8, {}}), 2 * 8 * 4 * 4);
}

} // namespace
} // namespace fovea
