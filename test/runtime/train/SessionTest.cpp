#include "runtime/Session.h"
#include "runtime/Error.h"
#include "runtime/Random.h"
#include "runtime/ThreadPool.h"
#include "test/runtime/train/FakeProgram.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace fovea;

namespace {

struct Fixture : testing::Test {
  Program program{fake::program};
  Session session{program};
  std::vector<float> images;
  std::vector<int32_t> labels;

  Fixture() {
    session.initialize(3);
    Random random(5, 6);
    for (int i = 0; i < 11 * fake::pixels; ++i)
      images.push_back(static_cast<float>(random.uniform()));
    for (int i = 0; i < 11; ++i)
      labels.push_back(static_cast<int32_t>(random.below(fake::classes)));
  }

  std::vector<float> read(int parameter, ParameterBlock block) {
    std::vector<float> values(program.parameters[parameter].elements());
    session.get(program.parameters[parameter], values.data(), block);
    return values;
  }

  /// Mean loss of the first `count` images, in double, from the parameters alone.
  double lossOf(int count, const std::vector<float> &w, const std::vector<float> &b) {
    double sum = 0;
    for (int n = 0; n < count; ++n) {
      double scores[3], total = 0;
      for (int o = 0; o < 3; ++o) {
        scores[o] = b[o];
        for (int p = 0; p < 16; ++p)
          scores[o] += double(w[o * 16 + p]) * images[n * 16 + p];
        total += std::exp(scores[o]);
      }
      sum += std::log(total) - scores[labels[n]];
    }
    return sum / count;
  }
};

using SessionTest = Fixture;

TEST_F(SessionTest, AnyNumberOfImagesGivesEachItsOutput) {
  std::vector<float> whole(11 * 3), single(11 * 3);
  session.infer(images.data(), 11, whole.data()); // 4 + 4 + 3 padded to 4
  for (int i = 0; i < 11; ++i)
    session.infer(images.data() + i * 16, 1, single.data() + i * 3);
  EXPECT_EQ(whole, single);
}

TEST_F(SessionTest, GradientsAreTheMeansDerivativesWhateverTheChunks) {
  for (int count : {1, 3, 4, 5, 8, 11}) {
    double loss = session.step(images.data(), labels.data(), count, nullptr);
    auto w = read(0, ParameterBlock::Value), b = read(1, ParameterBlock::Value);
    EXPECT_NEAR(loss, lossOf(count, w, b), 1e-6);
    auto dw = read(0, ParameterBlock::Gradient), db = read(1, ParameterBlock::Gradient);
    auto derivative = [&](std::vector<float> &values, int i) {
      float kept = values[i];
      values[i] = kept + 0.01f;
      double above = lossOf(count, w, b), top = values[i];
      values[i] = kept - 0.01f;
      double below = lossOf(count, w, b), bottom = values[i];
      values[i] = kept;
      return (above - below) / (top - bottom);
    };
    for (int i = 0; i < 48; ++i)
      EXPECT_NEAR(dw[i], i == 21 ? 0 : derivative(w, i), 2e-5) << count << " " << i; // 21 is masked
    for (int i = 0; i < 3; ++i)
      EXPECT_NEAR(db[i], derivative(b, i), 2e-5);
  }
}

TEST_F(SessionTest, StepGivesTheOutputs) {
  std::vector<float> fromStep(11 * 3), fromInfer(11 * 3);
  session.step(images.data(), labels.data(), 11, fromStep.data());
  session.infer(images.data(), 11, fromInfer.data());
  EXPECT_EQ(fromStep, fromInfer);
}

TEST_F(SessionTest, DerivedParametersFollowTheOthersAndAreComputedOnce) {
  std::vector<float> fromStep(11 * 3), fromInfer(11 * 3);
  auto compare = [&] {
    session.step(images.data(), labels.data(), 11, fromStep.data());
    session.infer(images.data(), 11, fromInfer.data());
    EXPECT_EQ(fromStep, fromInfer);
  };
  const int before = fake::preparations;
  for (int i = 0; i < 3; ++i)
    compare();
  EXPECT_EQ(fake::preparations - before, 1);
  for (int i = 0; i < 3; ++i)
    session.update(0.1, 0.9, 0.01);
  EXPECT_EQ(fake::preparations - before, 1); // Nobody has asked yet.
  compare();
  EXPECT_EQ(fake::preparations - before, 2);
  const float bias[] = {1, 2, 3};
  session.set(program.parameters[1], bias);
  compare();
  EXPECT_EQ(fake::preparations - before, 3);
  session.set(program.parameters[1], bias, ParameterBlock::Momentum);
  compare();
  EXPECT_EQ(fake::preparations - before, 3);
  session.initialize(4);
  session.prepare();
  compare();
  EXPECT_EQ(fake::preparations - before, 4);
  session.train(images.data(), labels.data(), 4, nullptr, 0.1, 0.9, 0.01);
  compare();
  EXPECT_EQ(fake::preparations - before, 5);
}

TEST_F(SessionTest, MisalignedBuffersAreTaken) {
  std::vector<float> shifted(4 * 16 + 1), outputs(4 * 3 + 1), expected(4 * 3);
  std::copy_n(images.data(), 4 * 16, shifted.data() + 1);
  session.infer(images.data(), 4, expected.data());
  session.infer(shifted.data() + 1, 4, outputs.data() + 1);
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), outputs.begin() + 1));
}

TEST_F(SessionTest, UpdateIsSgdWithMomentumAndMultipliers) {
  auto before = read(0, ParameterBlock::Value), bias = read(1, ParameterBlock::Value);
  session.step(images.data(), labels.data(), 4, nullptr);
  session.update(0.1, 0.9, 0.01);
  auto gradient = read(0, ParameterBlock::Gradient), after = read(0, ParameterBlock::Value);
  for (int i = 0; i < 48; ++i)
    EXPECT_NEAR(after[i], before[i] - 0.1 * (gradient[i] + 0.01 * before[i]), 1e-6);
  EXPECT_EQ(after[21], 0);
  auto biasGradient = read(1, ParameterBlock::Gradient), biasAfter = read(1, ParameterBlock::Value);
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(biasAfter[i], bias[i] - 0.2 * (biasGradient[i] + 0.01 * bias[i]), 1e-6);
}

TEST_F(SessionTest, SameBitsAtAnyNumberOfThreads) {
  std::vector<float> expected;
  for (int threads : {1, 2, 4}) {
    setThreadCount(threads);
    session.initialize(3);
    for (int i = 0; i < 20; ++i) {
      session.step(images.data(), labels.data(), 11, nullptr);
      session.update(0.1, 0.9, 0.001);
    }
    auto now = read(0, ParameterBlock::Value);
    if (expected.empty())
      expected = now;
    EXPECT_EQ(now, expected);
  }
  setThreadCount(1);
}

/// The parts of a batch add up to the whole; an empty part gives nothing.
TEST_F(SessionTest, PartsOfABatchAddUpToItsMean) {
  session.initialize(3);
  const double whole = session.step(images.data(), labels.data(), 11, nullptr);
  const auto expected = read(0, ParameterBlock::Gradient);
  std::vector<float> sum(expected.size());
  double losses = 0;
  for (auto [first, last] : {std::pair{0, 3}, {3, 3}, {3, 9}, {9, 11}}) {
    losses += session.stepPart(images.data() + first * 16, labels.data() + first, last - first, first, 11, nullptr);
    const auto part = read(0, ParameterBlock::Gradient);
    for (size_t i = 0; i < sum.size(); ++i) {
      sum[i] += part[i];
      EXPECT_EQ(part[i] == 0, first == last || expected[i] == 0) << i;
    }
  }
  EXPECT_NEAR(losses / 11, whole, 1e-6);
  for (size_t i = 0; i < sum.size(); ++i)
    EXPECT_NEAR(sum[i], expected[i], 1e-6);
}

/// A training function where the images fit its batch, padded or not; else step and update: always the same bits.
TEST_F(SessionTest, TrainIsStepAndUpdate) {
  Program unfused(fake::unfusedProgram);
  for (int count : {1, 3, 4, 5, 11}) {
    Session apart(unfused);
    session.initialize(3);
    apart.initialize(3);
    std::vector<float> outputs(11 * 3), outputsApart(11 * 3);
    for (int i = 0; i < 3; ++i) {
      double loss = apart.step(images.data(), labels.data(), count, outputsApart.data());
      apart.update(0.1, 0.9, 0.01);
      EXPECT_EQ(session.train(images.data(), labels.data(), count, outputs.data(), 0.1, 0.9, 0.01), loss);
      EXPECT_EQ(outputs, outputsApart);
    }
    for (ParameterBlock block : {ParameterBlock::Value, ParameterBlock::Momentum})
      for (int parameter : {0, 1}) {
        std::vector<float> values(unfused.parameters[parameter].elements());
        apart.get(unfused.parameters[parameter], values.data(), block);
        EXPECT_EQ(read(parameter, block), values) << count;
      }
    EXPECT_EQ(read(0, ParameterBlock::Value)[21], 0); // masked
    EXPECT_EQ(read(0, ParameterBlock::Momentum)[21], 0);
  }
}

TEST_F(SessionTest, MemoryForGradientsAndMomentumIsTakenWhenNeeded) {
  const int64_t block = program.gradientFloats * int64_t(sizeof(float)), before = session.memoryBytes();
  session.train(images.data(), labels.data(), 4, nullptr, 0.1, 0.9, 0);
  EXPECT_EQ(session.memoryBytes(), before + block); // momentum
  session.step(images.data(), labels.data(), 4, nullptr);
  EXPECT_EQ(session.memoryBytes(), before + 2 * block);
  session.train(images.data(), labels.data(), 5, nullptr, 0.1, 0.9, 0);
  EXPECT_EQ(session.memoryBytes(), before + 3 * block); // the sum over chunks
}

TEST_F(SessionTest, GradientsAndMomentumBeginWithZeros) {
  EXPECT_EQ(read(0, ParameterBlock::Gradient), std::vector<float>(48));
  EXPECT_EQ(read(0, ParameterBlock::Momentum), std::vector<float>(48));
}

TEST_F(SessionTest, ALossThatIsNotFiniteIsReturned) {
  images[0] = std::numeric_limits<float>::infinity();
  for (int count : {4, 11})
    EXPECT_FALSE(std::isfinite(session.train(images.data(), labels.data(), count, nullptr, 0.1, 0.9, 0)));
  EXPECT_THROW(session.train(images.data(), labels.data(), 0, nullptr, 0.1, 0.9, 0), Error);
}

TEST_F(SessionTest, ProfileTimesEachKernel) {
  Profile profile(3);
  session.step(images.data(), labels.data(), 4, nullptr, &profile);
  for (int64_t nanoseconds : profile.nanoseconds)
    EXPECT_GT(nanoseconds, 0);
  Profile training(4);
  session.train(images.data(), labels.data(), 4, nullptr, 0.1, 0.9, 0, &training);
  for (int64_t nanoseconds : training.nanoseconds)
    EXPECT_GT(nanoseconds, 0);
}

TEST(Session, InferenceOnlyProgramSaysSo) {
  Program program(fake::inferenceProgram);
  Session session(program);
  float image[16] = {};
  int32_t label = 0;
  EXPECT_THROW(session.step(image, &label, 1, nullptr), Error);
  EXPECT_THROW(session.update(0.1, 0, 0), Error);
  EXPECT_THROW(session.train(image, &label, 1, nullptr, 0.1, 0, 0), Error);
  float values[48], output[3];
  EXPECT_THROW(session.get(program.parameters[0], values, ParameterBlock::Gradient), Error);
  session.infer(image, 1, output);
  EXPECT_EQ(output[0], 0);
}

} // namespace
