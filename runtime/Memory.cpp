#include "runtime/Memory.h"

#include "runtime/Error.h"
#include "runtime/device/Device.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/mman.h>

namespace fovea {
namespace {

constexpr int64_t cacheLine = 64;
constexpr int64_t hugePage = int64_t(2) << 20;

} // namespace

void *allocateAligned(int64_t bytes) {
  int64_t boundary = bytes < hugePage ? cacheLine : hugePage;
  void *memory = std::aligned_alloc(boundary, (bytes + cacheLine - 1) / cacheLine * cacheLine);
  if (memory && boundary == hugePage)
    madvise(memory, bytes, MADV_HUGEPAGE); // A hint: where the kernel has no huge pages, nothing is lost.
  return memory;
}

void AlignedFloats::Free::operator()(float *pointer) const { std::free(pointer); }

void AlignedFloats::resize(int64_t newCount) {
  int64_t bytes = newCount * int64_t(sizeof(float)) + 2 * cacheLine;
  auto *pointer = static_cast<float *>(allocateAligned(bytes));
  if (!pointer)
    throw Error("out of memory: " + std::to_string(bytes / (1024 * 1024)) + " MiB more are needed");
  std::memset(pointer, 0, bytes);
  memory.reset(pointer);
  count = newCount;
}

SharedFloats::~SharedFloats() {
  if (device && onDevice)
    device->free(onDevice);
}

void SharedFloats::resize(int64_t newCount, Device *newDevice) {
  if (onDevice)
    device->free(onDevice);
  onDevice = 0;
  device = newDevice;
  deviceIsNewer = hostIsNewer = false;
  count = newCount;
  host = {};
  if (!device)
    host.resize(count);
  else if (count)
    onDevice = device->allocate(count * int64_t(sizeof(float)));
}

const float *SharedFloats::read() const {
  if (host.size() < count) // Both are zero, or the device's is newer.
    host.resize(count);
  if (deviceIsNewer)
    device->download(host.data(), onDevice, count * int64_t(sizeof(float)));
  deviceIsNewer = false;
  return host.data();
}

float *SharedFloats::write() {
  read();
  hostIsNewer = device;
  return host.data();
}

void SharedFloats::fillZero() {
  if (!device || !count)
    return void(std::fill_n(host.data(), count, 0.0f));
  device->fillZero(onDevice, count * int64_t(sizeof(float)));
  deviceIsNewer = true;
  hostIsNewer = false;
}

void SharedFloats::uploadAhead(int64_t floats) {
  device->uploadAhead(onDevice, host.data(), floats * int64_t(sizeof(float)));
  hostIsNewer = false;
}

void *SharedFloats::address() {
  if (!device)
    return host.data();
  if (hostIsNewer)
    device->upload(onDevice, host.data(), count * int64_t(sizeof(float)));
  hostIsNewer = false;
  return reinterpret_cast<void *>(onDevice);
}

} // namespace fovea
