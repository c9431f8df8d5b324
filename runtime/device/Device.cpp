#include "runtime/device/Device.h"

#include "runtime/Error.h"

#include <algorithm>
#include <utility>

namespace fovea {
namespace {

thread_local Device *currentDevice = nullptr;

struct Current {
  explicit Current(Device *device) : previous(std::exchange(currentDevice, device)) {}
  ~Current() { currentDevice = previous; }
  Device *previous;
};

} // namespace

Device *Device::current() { return currentDevice; }

int Device::run(int (*function)(void *const *), void *const *slots) {
  Current guard(this);
  return function(slots);
}

int Device::launch(const DeviceLaunch &launch) noexcept {
  try {
    enqueue(launch);
    return 0;
  } catch (const std::exception &problem) {
    if (failure.empty())
      failure = problem.what();
  }
  return -1;
}

DeviceAddress Device::takeScratch(int64_t bytes) noexcept {
  // The smallest free block that is large enough: after a function has run once it finds all its scratch here.
  ScratchBlock *best = nullptr;
  for (ScratchBlock &block : scratch)
    if (block.free && block.bytes >= bytes && (!best || block.bytes < best->bytes))
      best = &block;
  if (!best) {
    try {
      scratch.push_back({allocate(bytes), bytes, true});
    } catch (const std::exception &problem) {
      if (failure.empty())
        failure = problem.what();
      return 0;
    }
    best = &scratch.back();
  }
  best->free = false;
  return best->address;
}

void Device::returnScratch(DeviceAddress address) noexcept {
  for (ScratchBlock &block : scratch)
    if (block.address == address)
      block.free = true;
}

void Device::check() {
  if (!failure.empty())
    throw Error(id + " (" + name + "): " + std::exchange(failure, ""));
}

std::string mebibytes(int64_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

int64_t Device::alignedBytes(int64_t bytes) {
  return (std::max<int64_t>(bytes, 1) + alignment - 1) / alignment * alignment;
}

std::string noSuchDevice(const char *api, const char *label, int index, int count) {
  const auto name = [&](int number) { return std::string(api) + ":" + std::to_string(number); };
  return "there is no " + name(index) + ": " + label + " finds " +
         (count == 1 ? "one device, " + name(0) : std::to_string(count) + " devices, the last " + name(count - 1));
}

} // namespace fovea
