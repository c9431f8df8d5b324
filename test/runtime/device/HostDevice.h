// A device whose memory is the host's, and which counts copies.
#pragma once

#include "runtime/device/Device.h"

#include <cstdlib>
#include <cstring>

namespace fovea {

class HostDevice : public Device {
public:
  HostDevice() { id = "fake:0"; }
  int uploads = 0, downloads = 0;

  DeviceAddress allocate(int64_t bytes) override {
    return reinterpret_cast<DeviceAddress>(std::calloc(1, size_t(bytes)));
  }
  void free(DeviceAddress address) override { std::free(at(address)); }
  void upload(DeviceAddress to, const void *from, int64_t bytes) override {
    ++uploads;
    std::memcpy(at(to), from, size_t(bytes));
  }
  void download(void *to, DeviceAddress from, int64_t bytes) override {
    ++downloads;
    std::memcpy(to, at(from), size_t(bytes));
  }
  void copy(DeviceAddress to, DeviceAddress from, int64_t bytes) override {
    std::memcpy(at(to), at(from), size_t(bytes));
  }
  void fillZero(DeviceAddress to, int64_t bytes) override { std::memset(at(to), 0, size_t(bytes)); }
  void wait() override {}
  void uploadAhead(DeviceAddress to, const void *from, int64_t bytes) override { upload(to, from, bytes); }
  void joinUploads() override {}
  void add(DeviceAddress, DeviceAddress, int64_t) override {}
  void zeroAt(DeviceAddress, DeviceAddress, int64_t) override {}
  void *nativeStream() override { return this; }

protected:
  void enqueue(const DeviceLaunch &) override {}

private:
  static void *at(DeviceAddress address) { return reinterpret_cast<void *>(address); }
};

} // namespace fovea
