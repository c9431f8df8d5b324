#include "runtime/Init.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

using namespace fovea;

namespace {
std::vector<float> draw(const char *kind, double value, double std) {
  ParameterInfo p;
  p.name = "ip1.weight";
  p.shape = {500, 800};
  p.init = {kind, value, std};
  return initialValues(p, 1);
}

double deviation(const std::vector<float> &values) {
  double squares = 0;
  for (float value : values)
    squares += double(value) * value;
  return std::sqrt(squares / values.size());
}

double largest(const std::vector<float> &values) {
  return std::abs(
      *std::max_element(values.begin(), values.end(), [](float a, float b) { return std::abs(a) < std::abs(b); }));
}
} // namespace

TEST(Init, XavierIsUniformWithCaffesBound) {
  auto values = draw("xavier", 0, 0);
  double bound = std::sqrt(3.0 / 800);
  EXPECT_LE(largest(values), bound * 1.000001);
  EXPECT_GT(largest(values), bound * 0.999);
  EXPECT_NEAR(deviation(values), bound / std::sqrt(3.0), bound * 0.01);
}

TEST(Init, GaussianHasTheDeviationAsked) { EXPECT_NEAR(deviation(draw("gaussian", 0, 0.01)), 0.01, 1e-4); }
TEST(Init, HeHasDeviationRootOfTwoOverInputs) { EXPECT_NEAR(deviation(draw("he", 0, 0)), std::sqrt(2.0 / 800), 5e-4); }
TEST(Init, UniformFanInIsBounded) { EXPECT_NEAR(largest(draw("uniform_fan_in", 2.4, 0)), 2.4 / 800, 1e-5); }
TEST(Init, ConstantIsConstant) { EXPECT_EQ(draw("constant", 0.25, 0), std::vector<float>(400000, 0.25f)); }
TEST(Init, UnknownKindIsAnError) { EXPECT_THROW(draw("magic", 0, 0), Error); }

TEST(Init, MaskedValuesAreZeroAndDoNotCountAsInputs) {
  ParameterInfo p;
  p.name = "c3.weight";
  p.shape = {2, 4};
  p.init = {"uniform_fan_in", 4, 0};
  p.mask = {1, 0, 0, 0, 1, 1, 1, 1};
  bool past = false; // unit 0 has one input, so its bound is 4; unit 1's is 1
  for (uint64_t seed = 0; seed < 20; ++seed) {
    auto values = initialValues(p, seed);
    for (int i : {1, 2, 3})
      EXPECT_EQ(values[i], 0);
    past |= std::abs(values[0]) > 1;
    for (int i : {4, 5, 6, 7})
      EXPECT_LE(std::abs(values[i]), 1);
  }
  EXPECT_TRUE(past);
}

TEST(Init, DependsOnNameAndSeed) {
  ParameterInfo p;
  p.name = "a";
  p.shape = {10};
  p.init = {"gaussian", 0, 1};
  auto first = initialValues(p, 1);
  EXPECT_EQ(first, initialValues(p, 1));
  EXPECT_NE(first, initialValues(p, 2));
  p.name += "b";
  EXPECT_NE(first, initialValues(p, 1));
}
