// Floats that the host and a device read in turn: what is copied, and what is not.
#include "runtime/Memory.h"
#include "test/runtime/device/HostDevice.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fovea {
namespace {

TEST(SharedFloats, WhatOneSideWroteIsCopiedWhenTheOtherAsks) {
  HostDevice device;
  SharedFloats floats;
  floats.resize(3, &device);
  std::fill_n(floats.write(), 3, 2.0f);
  EXPECT_EQ(device.uploads, 0);
  auto *there = static_cast<float *>(floats.address());
  EXPECT_EQ(device.uploads, 1);
  EXPECT_EQ(there[2], 2);
  there[2] = 5;
  EXPECT_EQ(floats.read()[2], 2) << "nobody said that it changed";
  floats.functionWrote();
  EXPECT_EQ(floats.read()[2], 5);
  floats.read();
  floats.address();
  EXPECT_EQ(device.uploads, 1);
  EXPECT_EQ(device.downloads, 1);
}

TEST(SharedFloats, ADevicesCopyIsZeroedWhereItIs) {
  HostDevice device;
  SharedFloats floats;
  floats.resize(3, &device);
  std::fill_n(floats.write(), 3, 2.0f);
  auto *there = static_cast<float *>(floats.address());
  there[1] = 7;
  floats.functionWrote();
  floats.fillZero();
  EXPECT_EQ(floats.address(), there);
  EXPECT_EQ(device.uploads + device.downloads, 1) << "the first upload";
  EXPECT_EQ(std::count(there, there + 3, 0.0f), 3);
  EXPECT_EQ(std::count(floats.read(), floats.read() + 3, 0.0f), 3);
}

TEST(SharedFloats, ZerosReplaceWhatTheHostWrote) {
  HostDevice device;
  for (Device *used : {static_cast<Device *>(&device), static_cast<Device *>(nullptr)}) {
    SharedFloats floats;
    floats.fillZero(); // Nothing is there yet.
    floats.resize(3, used);
    std::fill_n(floats.write(), 3, 2.0f);
    floats.fillZero();
    EXPECT_EQ(static_cast<float *>(floats.address())[1], 0);
    EXPECT_EQ(floats.read()[1], 0);
  }
}

} // namespace
} // namespace fovea
