#include "runtime/LrPolicy.h"
#include "runtime/Error.h"

#include <gtest/gtest.h>

using namespace fovea;

namespace {
Recipe::Policy policy(const char *kind, double gamma, double power, double step, double min) {
  return {kind, gamma, power, step, min};
}
} // namespace

TEST(LrPolicy, Fixed) { EXPECT_EQ(learningRate(policy("fixed", 0, 0, 0, 0), 0.01, 12345, 20000), 0.01); }

// The rate that Caffe's MNIST tutorial prints.
TEST(LrPolicy, InvIsCaffes) {
  EXPECT_NEAR(learningRate(policy("inv", 1e-4, 0.75, 0, 0), 0.01, 100, 10000), 0.00992565, 5e-9);
}

TEST(LrPolicy, StepFallsAtEachStep) {
  auto step = policy("step", 0.1, 0, 100, 0);
  EXPECT_DOUBLE_EQ(learningRate(step, 1, 99, 1000), 1);
  EXPECT_DOUBLE_EQ(learningRate(step, 1, 100, 1000), 0.1);
  EXPECT_DOUBLE_EQ(learningRate(step, 1, 250, 1000), 0.01);
}

TEST(LrPolicy, MultistepFallsWhereItIsTold) {
  Recipe::Policy multistep = policy("multistep", 0.1, 0, 0, 0);
  multistep.at = {60, 65};
  EXPECT_DOUBLE_EQ(learningRate(multistep, 1, 59, 70), 1);
  EXPECT_DOUBLE_EQ(learningRate(multistep, 1, 60, 70), 0.1);
  EXPECT_DOUBLE_EQ(learningRate(multistep, 1, 69, 70), 0.01);
}

TEST(LrPolicy, Exp) { EXPECT_DOUBLE_EQ(learningRate(policy("exp", 0.5, 0, 0, 0), 1, 3, 10), 0.125); }

TEST(LrPolicy, PolyEndsAtZero) {
  auto poly = policy("poly", 0, 2, 0, 0);
  EXPECT_DOUBLE_EQ(learningRate(poly, 1, 0, 10), 1);
  EXPECT_DOUBLE_EQ(learningRate(poly, 1, 5, 10), 0.25);
  EXPECT_DOUBLE_EQ(learningRate(poly, 1, 10, 10), 0);
}

TEST(LrPolicy, CosineGoesFromBaseToMin) {
  auto cosine = policy("cosine", 0, 0, 0, 0.1);
  EXPECT_DOUBLE_EQ(learningRate(cosine, 1, 0, 10), 1);
  EXPECT_DOUBLE_EQ(learningRate(cosine, 1, 5, 10), 0.55);
  EXPECT_DOUBLE_EQ(learningRate(cosine, 1, 10, 10), 0.1);
}

TEST(LrPolicy, OnPlateauWaitsForABetterResult) {
  Recipe::Policy policy{.kind = "on_plateau", .min = 0.02, .factor = 0.1, .patience = 1};
  EXPECT_DOUBLE_EQ(learningRate(policy, 1, 500, 1000, 0), 1);
  EXPECT_DOUBLE_EQ(learningRate(policy, 1, 500, 1000, 1), 0.1);
  EXPECT_DOUBLE_EQ(learningRate(policy, 1, 500, 1000, 2), 0.02);

  Plateau plateau;
  std::vector<int64_t> reductions;
  for (int64_t correct : {10, 12, 12, 13, 13, 12, 13, 13, 14}) {
    plateau.observe(policy, correct);
    reductions.push_back(plateau.reductions);
  }
  EXPECT_EQ(reductions, (std::vector<int64_t>{0, 0, 0, 0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(plateau.best, 14);
  EXPECT_FALSE(Plateau().observe({.kind = "fixed"}, 0));
}

TEST(LrPolicy, UnknownIsAnError) { EXPECT_THROW(learningRate(policy("magic", 0, 0, 0, 0), 1, 0, 1), Error); }
