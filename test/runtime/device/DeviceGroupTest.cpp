// Devices that train together: what their threads tell each other, and sums by a stand-in for NCCL.
#include "runtime/device/Nccl.h"
#include "test/runtime/device/HostDevice.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

namespace fovea {
namespace {

template <typename Body> void inThreads(int size, const Body &body) {
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] { body(rank); });
}

TEST(DeviceGroup, ThreadsAddInTheOrderOfTheirRanks) {
  for (int64_t count : {0, 1, 2, 1001}) {
    const int size = 3;
    Meeting meeting(size);
    std::vector<std::vector<float>> values(size, std::vector<float>(count));
    for (int rank = 0; rank < size; ++rank)
      for (int64_t i = 0; i < count; ++i)
        values[rank][i] = float(rank == 0 ? 1e8 : rank == 1 ? -1e8 : 0.25f * i); // Any other order loses the last.
    inThreads(size, [&](int rank) { ThreadCommunicator(meeting, rank).sum(values[rank].data(), count); });
    for (int rank = 0; rank < size; ++rank)
      for (int64_t i = 0; i < count; ++i)
        ASSERT_EQ(values[rank][i], 0.25f * i) << rank << " " << i;
  }
}

TEST(DeviceGroup, ThreadsGather) {
  Meeting meeting(4);
  inThreads(4, [&](int rank) {
    ThreadCommunicator communicator(meeting, rank);
    for (int round = 0; round < 100; ++round)
      EXPECT_EQ(gathered(communicator, 10 * round + rank),
                (std::vector<int>{10 * round, 10 * round + 1, 10 * round + 2, 10 * round + 3}));
  });
}

TEST(DeviceGroup, WhoWaitsForOneThatGaveUpIsWoken) {
  Meeting meeting(3);
  int abandoned[3] = {};
  inThreads(3, [&](int rank) {
    if (rank == 1)
      return meeting.abandon();
    try {
      ThreadCommunicator communicator(meeting, rank);
      gathered(communicator, rank);
    } catch (const Meeting::Abandoned &) {
      abandoned[rank] = 1;
    }
  });
  EXPECT_EQ(abandoned[0] + abandoned[2], 2);
}

TEST(DeviceGroup, NcclAddsOnTheDevices) {
  Meeting meeting(2);
  NcclGroup group({0, 3});
  ASSERT_EQ(group.problem, "");
  HostDevice device;
  std::vector<float> values[2] = {{1, 2, 3}, {10, 20, 30}};
  inThreads(2, [&](int rank) {
    NcclCommunicator communicator(meeting, rank, group);
    EXPECT_TRUE(communicator.sumOnDevice(device, reinterpret_cast<DeviceAddress>(values[rank].data()), 3));
  });
  for (auto &result : values)
    EXPECT_EQ(result, (std::vector<float>{11, 22, 33}));
}

TEST(DeviceGroup, WhatNcclRefusesIsTold) {
  setenv("FAKE_NCCL", "broken", 1);
  EXPECT_EQ(NcclGroup({0, 1}).problem, "NCCL does not start: unhandled system error");
  unsetenv("FAKE_NCCL");
}

} // namespace
} // namespace fovea
