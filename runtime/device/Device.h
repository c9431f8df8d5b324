// A device with memory of its own, as the rest of the runtime sees it: an NVIDIA GPU through CUDA's driver, or whatever
// OpenCL reaches. The driver is opened at run time, so that a program needs none where it runs on the CPU.
//
// Kernels are Halide's: the code that it generates for the host calls halide_cuda_run or halide_opencl_run for each launch,
// which HalideDevice.cpp hands to the device that the calling thread has made current.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fovea {

/// A byte in the memory of one device. Additions stay inside of an allocation.
using DeviceAddress = uint64_t;

/// What Halide made of a kernel for one API: OpenCL C or PTX. Lives as long as the program; each device keeps its own
/// translation.
struct DeviceModule {
  std::string source;
};

/// A launch of one function of a module.
struct DeviceLaunch {
  DeviceModule *module;
  const char *entry;
  unsigned grid[3], block[3];
  unsigned sharedBytes;
  struct Argument {
    DeviceAddress address; ///< Of a tensor; else 0,
    int64_t bytes;         ///< its size, or that of the scalar
    const void *scalar;    ///< which lies here.
  };
  std::vector<Argument> arguments;
};

class Device {
public:
  /// What addresses of allocations are multiples of, in bytes (ir/TargetInfo.h has the same for what lies in them).
  static constexpr int64_t alignment = 512;

  virtual ~Device() = default;

  std::string id;          ///< "cuda:0", "opencl:1": as --device names it.
  std::string name;        ///< "NVIDIA H100 80GB HBM3"
  int64_t memoryBytes = 0; ///< in all
  bool isGpu = true;       ///< OpenCL may be a CPU's.

  /// 10^9 operations a second of all its multiply-adds of floats at once, by its clock; 0 where that is not known.
  virtual double peakGflops() const { return 0; }

  /// Zeroed memory on a boundary of 512 bytes. Throws Error that says how much was wanted and how much there is.
  virtual DeviceAddress allocate(int64_t bytes) = 0;
  virtual void free(DeviceAddress address) = 0;
  /// All of these happen in the order in which they are called, launches among them; only `download` and `wait` wait until
  /// they are done. `from` may be changed as soon as `upload` returns. They throw Error.
  virtual void upload(DeviceAddress to, const void *from, int64_t bytes) = 0;
  virtual void download(void *to, DeviceAddress from, int64_t bytes) = 0;
  virtual void copy(DeviceAddress to, DeviceAddress from, int64_t bytes) = 0;
  virtual void fillZero(DeviceAddress to, int64_t bytes) = 0;
  virtual void wait() = 0;
  /// Copies beside what was called before, for the launches that follow `joinUploads`. `from` stays as it is until one of
  /// these is done.
  virtual void uploadAhead(DeviceAddress to, const void *from, int64_t bytes) = 0;
  virtual void joinUploads() = 0;
  /// sum[i] += terms[i].
  virtual void add(DeviceAddress sum, DeviceAddress terms, int64_t count) = 0;
  /// floats[indices[i]] = 0; int32 indices.
  virtual void zeroAt(DeviceAddress floats, DeviceAddress indices, int64_t count) = 0;
  /// The API's own handle of the order in which things happen, for libraries that add to it: a CUstream; null elsewhere.
  virtual void *nativeStream() { return nullptr; }
  /// Called by generated code, through which no exception may pass: a failure is kept for `check`, and is a code other
  /// than 0.
  int launch(const DeviceLaunch &launch) noexcept;

  /// Scratch memory of a kernel's, from blocks that are kept. 0 where there is none; then `check` says why.
  DeviceAddress takeScratch(int64_t bytes) noexcept;
  void returnScratch(DeviceAddress address) noexcept;

  /// Runs a compiled function with this as the current device of the thread.
  virtual int run(int (*function)(void *const *), void *const *slots);

  /// Throws what went wrong in a launch, if anything did.
  void check();

  /// The device whose `run` is under way on this thread; null outside.
  static Device *current();

protected:
  /// `bytes`, at least one, rounded up to the alignment.
  static int64_t alignedBytes(int64_t bytes);

  virtual void enqueue(const DeviceLaunch &launch) = 0; ///< Throws Error.

private:
  struct ScratchBlock {
    DeviceAddress address;
    int64_t bytes;
    bool free;
  };
  std::vector<ScratchBlock> scratch;
  std::string failure;
};

/// "3 MiB", rounded up.
std::string mebibytes(int64_t bytes);

/// "there is no cuda:3: CUDA finds one device, cuda:0": for `open`. `label` is the API's name for people.
std::string noSuchDevice(const char *api, const char *label, int index, int count);

/// How a program finds the devices of one API: what fovea_program.backend points to.
struct DeviceBackend {
  const char *api; ///< "cuda", "opencl"
  /// Opens a device by its number. Throws Error in plain words: no driver, no device, too old.
  std::shared_ptr<Device> (*open)(int index);
  /// How many there are; 0 without a driver.
  int (*count)();
  /// Whether there is one that is faster than a CPU.
  bool (*hasGpu)();
};

extern "C" const DeviceBackend fovea_opencl_backend;
extern "C" const DeviceBackend fovea_cuda_backend;

} // namespace fovea
