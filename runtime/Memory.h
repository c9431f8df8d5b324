// Floats in the host's memory, and their copy in a device's.
#pragma once

#include <cstdint>
#include <memory>

namespace fovea {

class Device;

/// `bytes` on a 64-byte boundary, for std::free; null when memory runs out. From 2 MiB on in huge pages, where the system
/// has them: weights that stream through a core then miss the TLB once in 2 MiB instead of 4 KiB, and AlexNet's dense
/// layers read 4 to 8 % faster.
void *allocateAligned(int64_t bytes);

/// Zeroed floats on a 64-byte boundary, readable a cache line past the end.
class AlignedFloats {
public:
  AlignedFloats() = default;
  void resize(int64_t count); ///< Keeps nothing; throws Error when memory runs out.
  float *data() { return memory.get(); }
  const float *data() const { return memory.get(); }
  int64_t size() const { return count; }

private:
  struct Free {
    void operator()(float *pointer) const;
  };
  std::unique_ptr<float, Free> memory;
  int64_t count = 0;
};

/// Floats that the host and compiled functions read and write in turn. On the CPU both use the same memory; a device has
/// its own, and what one side has written is copied when the other asks for it.
class SharedFloats {
public:
  SharedFloats() = default;
  ~SharedFloats();
  SharedFloats(const SharedFloats &) = delete;

  /// `device` may be null and outlives this. Keeps nothing; throws Error when memory runs out.
  void resize(int64_t count, Device *device);
  int64_t size() const { return count; }

  const float *read() const; ///< For the host to read,
  float *write();            ///< or to change as well.
  void fillZero();           ///< Where functions use them: a device's copy is not read first.
  void *address();           ///< For a function to read; null while empty.
  /// The same, for calls of the device.
  uint64_t deviceAddress() { return reinterpret_cast<uint64_t>(address()); }
  /// With a device: makes the first `floats` those of the host beside what runs (Device::uploadAhead). Until that is done,
  /// the host changes nothing.
  void uploadAhead(int64_t floats);
  void functionWrote() { deviceIsNewer = device && count; }

private:
  Device *device = nullptr;
  uint64_t onDevice = 0;
  int64_t count = 0;
  mutable AlignedFloats host; ///< With a device, made when it is first asked for.
  mutable bool deviceIsNewer = false;
  bool hostIsNewer = false;
};

} // namespace fovea
