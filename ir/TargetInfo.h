// What the passes and the code generator need to know of the machine they compile for.
#pragma once

#include <string>
#include <vector>

namespace fovea {

/// Where kernels run: on the CPU, or through an API on a device with memory of its own.
enum class DeviceKind { Cpu, Cuda, OpenCl };

struct TargetInfo {
  std::string name;         ///< "x86-64-v3", "x86-64-v4": the level that is compiled for; "cuda", "opencl".
  DeviceKind device = DeviceKind::Cpu;
  std::string halideTarget; ///< Halide's target string, without run-time flags.
  std::string cpu;          ///< The model name of the CPU it was read from; empty when given by name.
  int vectorLanes = 8;      ///< Floats in one vector register that the schedules use.
  int registerLanes = 8;    ///< Floats in the widest; more than vectorLanes where its arithmetic takes two halves.
  int vectorRegisters = 16; ///< Architectural vector registers.
  int fmaLatency = 4;       ///< Cycles; with two FMA units, 2 * fmaLatency independent sums keep both busy.
  int cores = 1;            ///< Threads a program is expected to use.
  int l1Bytes = 32 << 10;   ///< A core's data caches of the first
  int l2Bytes = 1 << 20;    ///< and second level,
  int l3Bytes = 32 << 20;   ///< and the last level that cores share.
  std::string bf16Features;     ///< Of Halide, where pairs of bf16 are multiplied and added in one instruction (vdpbf16ps).
  bool bf16Tiles = false;       ///< Multiplies tiles of bf16 (AMX), and the system lets it.
  bool memoryBroadcast = false; ///< An FMA can broadcast a scalar from memory (AVX-512).

  bool bf16Products() const { return !bf16Features.empty(); }
  bool onDevice() const { return device != DeviceKind::Cpu; }
  /// What the addresses of tensors are multiples of, in bytes: a cache line, or what sub-buffers of OpenCL need anywhere.
  int alignment() const { return onDevice() ? 512 : 64; }

  /// For matrix products, which load more for each multiply-add than direct sums: the widest registers share a load among
  /// more of them, even where they compute in two halves (a tenth faster on Zen 4).
  TargetInfo withWidestVectors() const {
    TargetInfo wide = *this;
    wide.vectorLanes = registerLanes;
    return wide;
  }
};

/// The name of the CPU this process runs on, with family and model: virtual machines give many the same name.
std::string cpuName();

/// The CPU features that machine code for the target takes for granted, by the names of runtime/CpuFeatures.h; with those
/// of bf16 products where `bf16`, and of tiles of bf16 where `tiles`.
std::vector<std::string> neededFeatures(const TargetInfo &target, bool bf16, bool tiles);

/// The machine this process runs on, by its CPU features. Throws std::runtime_error below AVX2+FMA.
TargetInfo hostTarget();

/// "host", "x86-64-v3", "x86-64-v4", "cuda" or "opencl". Throws std::invalid_argument that lists these for another name.
TargetInfo targetNamed(const std::string &name);

/// "host, x86-64-v3, x86-64-v4, cuda or opencl", for messages; and whether `name` is one of them.
extern const char *const targetList;
bool isTargetName(const std::string &name);

/// Whether it is the name of a device's target.
bool isDeviceName(const std::string &name);

} // namespace fovea
