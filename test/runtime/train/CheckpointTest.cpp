#include "runtime/Checkpoint.h"
#include "runtime/Error.h"
#include "runtime/Weights.h"
#include "test/runtime/train/FakeProgram.h"
#include "test/runtime/train/TestData.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace fovea;

namespace {

struct CheckpointTest : testing::Test {
  std::string folder = fake::emptyFolder(), path = folder + "/run.safetensors";
  Program program{fake::program};
  Session session{program};
  RunState state{18446744073709551615u, 123, 456, 64, 60000, 0.1, {2, 9000, 3}};

  CheckpointTest() {
    session.initialize(9);
    std::vector<float> images(4 * 16, 0.5f);
    std::vector<int32_t> labels = {0, 1, 2, 0};
    session.step(images.data(), labels.data(), 4, nullptr);
    session.update(0.1, 0.9, 0);
  }

  static std::vector<float> read(const Session &session, ParameterBlock block) {
    std::vector<float> values(48);
    session.get(session.program.parameters[0], values.data(), block);
    return values;
  }
};

TEST_F(CheckpointTest, RestoresParametersMomentumAndState) {
  saveCheckpoint(session, state, path);
  Session other(program);
  RunState back = loadCheckpoint(other, path);
  EXPECT_EQ(back.seed, state.seed);
  EXPECT_EQ(back.iteration, 123);
  EXPECT_EQ(back.totalIterations, 456);
  EXPECT_EQ(back.batch, 64);
  EXPECT_EQ(back.trainImages, 60000);
  EXPECT_EQ(back.lr, 0.1);
  EXPECT_EQ(back.plateau.reductions, 2);
  EXPECT_EQ(back.plateau.best, 9000);
  EXPECT_EQ(back.plateau.waited, 3);
  EXPECT_EQ(read(other, ParameterBlock::Value), read(session, ParameterBlock::Value));
  EXPECT_EQ(read(other, ParameterBlock::Momentum), read(session, ParameterBlock::Momentum));
}

TEST_F(CheckpointTest, ServesAsWeights) {
  saveCheckpoint(session, state, path);
  Session other(program);
  loadWeights(other, path);
  EXPECT_EQ(read(other, ParameterBlock::Value), read(session, ParameterBlock::Value));
  EXPECT_EQ(read(other, ParameterBlock::Momentum), std::vector<float>(48));
}

TEST_F(CheckpointTest, PlainWeightsAreNoCheckpoint) {
  saveWeights(session, path);
  EXPECT_THROW(loadCheckpoint(session, path), Error);
}

TEST_F(CheckpointTest, SpoiltStateIsAnError) {
  NamedTensors tensors;
  tensors.add(session, ParameterBlock::Value);
  tensors.add(session, ParameterBlock::Momentum, momentumPrefix);
  for (const char *lr : {"", "nan", "-1", "0.1x"}) {
    writeSafetensors(path, tensors.views,
                     {{"format", "fovea checkpoint"},
                      {"seed", "1"},
                      {"iteration", "1"},
                      {"total_iterations", "2"},
                      {"batch", "6"},
                      {"train_images", "3"},
                      {"lr", lr}});
    EXPECT_THROW(loadCheckpoint(session, path), Error) << lr;
  }
}

TEST_F(CheckpointTest, FailureLeavesTheOldOne) {
  saveCheckpoint(session, state, path);
  std::string before = fake::contents(path);
  EXPECT_THROW(saveCheckpoint(session, state, folder + "/missing/run.safetensors"), Error);
  EXPECT_EQ(fake::contents(path), before);
}

} // namespace
