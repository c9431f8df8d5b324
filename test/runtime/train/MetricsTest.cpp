#include "runtime/Metrics.h"
#include "test/runtime/train/FakeProgram.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace fovea;

TEST(Metrics, RankCountsBetterScores) {
  float scores[] = {1, 3, 2};
  EXPECT_EQ(rankOf(scores, 3, 1, false), 0);
  EXPECT_EQ(rankOf(scores, 3, 2, false), 1);
  EXPECT_EQ(rankOf(scores, 3, 0, false), 2);
  EXPECT_EQ(rankOf(scores, 3, 0, true), 0);
}

TEST(Metrics, TiesGoToTheLowerClass) {
  float scores[] = {2, 2, 2};
  for (int64_t label : {0, 1, 2}) {
    EXPECT_EQ(rankOf(scores, 3, label, false), label);
    EXPECT_EQ(rankOf(scores, 3, label, true), label);
  }
}

TEST(Metrics, NanNeverWins) {
  float scores[] = {NAN, NAN, NAN};
  EXPECT_EQ(rankOf(scores, 3, 0, false), 2);
}

TEST(Metrics, CrossEntropyOfLargeScoresDoesNotOverflow) {
  Program program(fake::program);
  float scores[] = {1000, 0, 0};
  EXPECT_NEAR(lossOf(program, scores, 0), 0, 1e-12);
  EXPECT_NEAR(lossOf(program, scores, 1), 1000, 1e-9);
}

TEST(Metrics, RbfMapLossIsThePapers) {
  Program program(fake::program);
  program.recipe.loss = LossKind::RbfMap;
  program.recipe.rbfJ = 0.5;
  float y[] = {1, 2, 3};
  double expected = 2 + std::log(std::exp(-0.5) + std::exp(-1) + std::exp(-2) + std::exp(-3));
  EXPECT_NEAR(lossOf(program, y, 1), expected, 1e-12);
}

TEST(Metrics, ProbabilitiesAreSoftmaxUnlessTheScoresAreOnes) {
  Program program(fake::program);
  float scores[] = {0, 0, 0};
  EXPECT_NEAR(probabilities(program, scores)[0], 1.0 / 3, 1e-12);
  float chance[] = {0.5f, 0.25f, 0.25f};
  EXPECT_EQ(probabilities(program, chance)[0], 0.5);
}

TEST(Metrics, CountsAndPercent) {
  Program program(fake::program);
  float scores[] = {1, 0, 0, 0, 1, 0};
  int32_t labels[] = {0, 0};
  Metrics metrics;
  metrics.add(program, scores, labels, 2);
  EXPECT_EQ(metrics.top1Percent(), 50);
  EXPECT_EQ(metrics.top5Percent(), 100);
}
