#include "runtime/Communicator.h"
#include "runtime/DataParallel.h"
#include "runtime/MpiCommunicator.h"
#include "runtime/ThreadCommunicator.h"
#include "runtime/ThreadPool.h"
#include "test/runtime/train/FakeProgram.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>

namespace fovea {
namespace {

/// Does `body` in so many threads at once.
template <typename Body> void inProcesses(int size, const Body &body) {
  Meeting meeting(size);
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      ThreadCommunicator communicator(meeting, rank, "process");
      body(communicator);
    });
}

TEST(Communicator, SharesAreContiguousAndEven) {
  for (int64_t whole : {0, 1, 3, 20, 64, 128})
    for (int64_t parts : {1, 2, 3, 4, 7}) {
      int64_t next = 0;
      for (int64_t part = 0; part < parts; ++part) {
        const Share share = shareOf(whole, part, parts);
        EXPECT_EQ(share.first, next);
        EXPECT_GE(share.count(), whole / parts);
        EXPECT_LE(share.count(), (whole + parts - 1) / parts);
        next = share.last;
      }
      EXPECT_EQ(next, whole);
    }
}

TEST(Communicator, GathersTextsOfAnyLength) {
  inProcesses(3, [](Communicator &communicator) {
    const std::vector<std::string> expected = {"", "one", std::string(1000, '2')};
    EXPECT_EQ(gatheredTexts(communicator, expected[communicator.rank]), expected);
    EXPECT_EQ(gatheredTexts(communicator, ""), std::vector<std::string>(3));
  });
}

TEST(Communicator, AllThrowWhatTheFirstThatFailedSays) {
  inProcesses(3, [](Communicator &communicator) {
    int done = 0;
    agreeOn(communicator, [&] { ++done; });
    EXPECT_EQ(done, 1);
    auto fail = [&] {
      if (communicator.rank > 0)
        throw Error("problem " + std::to_string(communicator.rank));
    };
    try {
      agreeOn(communicator, fail);
      ADD_FAILURE();
    } catch (const SharedError &problem) {
      EXPECT_STREQ(problem.what(), "problem 1");
    }
    try {
      agreeOn(communicator, [] { throw std::bad_alloc(); });
      ADD_FAILURE();
    } catch (const SharedError &problem) {
      EXPECT_STREQ(problem.what(), "process 0 of 3: out of memory");
    }
  });
}

TEST(Communicator, CoresOfOneMachineAreDivided) {
  inProcesses(2, [](Communicator &communicator) {
    EXPECT_EQ(coresOf(communicator), std::max(1, availableCores() / 2)); // The threads may run on the same cores.
  });
  SingleProcess alone;
  EXPECT_EQ(coresOf(alone), availableCores());
}

/// All processes keep the same bits: those of one that computes the parts one after the other.
TEST(Communicator, ProcessesTrainToTheBitsOfParts) {
  setThreadCount(1);
  constexpr int64_t count = 11, whole = 18, size = 3; // The last has none.
  std::vector<float> images(count * fake::pixels);
  std::vector<int32_t> labels(count);
  for (size_t i = 0; i < images.size(); ++i)
    images[i] = float(i * 37 % 101) / 100;
  for (int64_t i = 0; i < count; ++i)
    labels[i] = int32_t(i % fake::classes);
  const Program program(fake::program);
  auto parametersOf = [&](const Session &session) {
    std::vector<float> all;
    for (const ParameterInfo &parameter : program.parameters) {
      std::vector<float> values(parameter.elements());
      session.get(parameter, values.data());
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  };

  Session alone(program);
  alone.initialize(1);
  double expectedLoss = 0;
  for (int step = 0; step < 5; ++step) {
    expectedLoss = alone.stepInParts(images.data(), labels.data(), count, whole, size, nullptr);
    alone.update(0.1, 0.9, 0.01);
  }
  const std::vector<float> expected = parametersOf(alone);

  inProcesses(size, [&](Communicator &communicator) {
    Session session(program);
    session.initialize(1);
    const Share share = shareOf(whole, communicator.rank, size).upTo(count);
    double loss = 0;
    for (int step = 0; step < 5; ++step) {
      loss = session.stepPart(images.data() + share.first * fake::pixels, labels.data() + share.first, share.count(),
                              share.first, count, nullptr);
      session.sumGradients(communicator);
      session.update(0.1, 0.9, 0.01);
    }
    double total = 0;
    for (double part : gathered(communicator, loss))
      total += part;
    EXPECT_EQ(total, expectedLoss);
    EXPECT_EQ(parametersOf(session), expected);
    Dataset data;
    RunState state;
    EXPECT_NO_THROW(needSameState(communicator, session, state, data, data));
    session.initialize(communicator.rank == 2 ? 5 : 4);
    EXPECT_THROW(needSameState(communicator, session, state, data, data), SharedError);
  });
}

TEST(Communicator, ReadsWhatMpirunSays) {
  for (const char *name :
       {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "PMI_SIZE", "PMI_RANK"})
    unsetenv(name);
  EXPECT_EQ(launchOfEnvironment().size, 1);
  EXPECT_TRUE(launchOfEnvironment().speaks);
  setenv("OMPI_COMM_WORLD_SIZE", "8", 1);
  setenv("OMPI_COMM_WORLD_RANK", "5", 1);
  setenv("OMPI_COMM_WORLD_LOCAL_RANK", "1", 1);
  Launch launch = launchOfEnvironment();
  EXPECT_TRUE(launch.size == 8 && launch.rank == 5 && launch.openMpi && !launch.speaks);
  setenv("OMPI_COMM_WORLD_LOCAL_RANK", "0", 1); // The first of a second machine.
  EXPECT_TRUE(launchOfEnvironment().speaks);
  for (const char *name : {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"})
    unsetenv(name);
  setenv("PMI_SIZE", "4", 1);
  setenv("PMI_RANK", "3", 1);
  launch = launchOfEnvironment();
  EXPECT_TRUE(launch.size == 4 && launch.rank == 3 && !launch.openMpi && !launch.speaks);
  unsetenv("PMI_SIZE");
  unsetenv("PMI_RANK");
}

} // namespace
} // namespace fovea
