#include "ir/TargetInfo.h"

#include "runtime/CpuFeatures.h"

#include <cpuid.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace fovea {

namespace {

TargetInfo level3() {
  TargetInfo target;
  target.name = "x86-64-v3";
  target.halideTarget = "x86-64-linux-avx-avx2-f16c-fma-sse41";
  return target;
}

TargetInfo level4() {
  TargetInfo target = level3();
  target.name = "x86-64-v4";
  target.halideTarget += "-avx512-avx512_skylake";
  target.vectorLanes = target.registerLanes = 16;
  target.vectorRegisters = 32;
  target.memoryBroadcast = true;
  return target;
}

/// A GPU. What the host does for it runs on any x86-64. Blocks of weights are as wide as a CPU's with AVX2, whose lanes
/// divide what the GPU's schedules take at once.
TargetInfo gpu(DeviceKind device) {
  TargetInfo target;
  target.device = device;
  target.name = device == DeviceKind::Cuda ? "cuda" : "opencl";
  // The highest capability that Halide 21 knows and that every driver since compiles for its GPU.
  target.halideTarget = device == DeviceKind::Cuda ? "x86-64-linux-cuda-cuda_capability_80" : "x86-64-linux-opencl";
  return target;
}

int hostCores() { return std::max(1u, std::thread::hardware_concurrency()); }

/// The size of the first core's cache of that level, of data, as Linux says; `otherwise` where it does not say. (The C
/// library adds up the third levels of AMD's CPUs, of which a virtual machine has one.)
int cacheBytes(int level, int otherwise) {
  const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index";
  for (int index = 0;; ++index) {
    const std::string cache = folder + std::to_string(index) + "/";
    int itsLevel = 0, kilobytes = 0;
    std::string type;
    if (!(std::ifstream(cache + "level") >> itsLevel))
      return otherwise;
    std::ifstream(cache + "type") >> type;
    std::ifstream(cache + "size") >> kilobytes; // "32768K"
    if (itsLevel == level && type != "Instruction" && kilobytes > 0 && kilobytes < 1 << 20)
      return kilobytes * 1024;
  }
}

/// Zen 4 and its kin run a 512-bit instruction as two halves: the FMA rate is that of 8 lanes, and 8 lanes waste less
/// padding. From family 26 (Zen 5) on the units are whole.
bool hasHalvedVectors() {
  if (!__builtin_cpu_is("amd"))
    return false;
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
    return false;
  const unsigned base = eax >> 8 & 0xf, extended = eax >> 20 & 0xff;
  return base == 0xf && base + extended < 26;
}

/// LLVM's code for AVX2 is that for Haswell, which has the whole level.
constexpr const char *level3Features[] = {"popcnt", "sse4.1", "avx2", "fma", "f16c", "bmi", "bmi2", "lzcnt", "movbe"};
constexpr const char *level4Features[] = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"};
/// AVX-512's bf16 products, with all else that LLVM's code for the CPUs of Halide's targets may use that have them: Zen 4,
/// whose SSE4a Intel's lack, and Sapphire Rapids, whose half floats AMD's lack.
constexpr const char *bf16Features[] = {"avx512bf16", "avx512ifma",   "avx512vbmi",      "avx512vbmi2",
                                        "avx512vnni", "avx512bitalg", "avx512vpopcntdq", "gfni"};
constexpr const char *zen4Features[] = {"sse4a"}, *sapphireRapidsFeatures[] = {"avx512fp16", "avxvnni"};
constexpr const char *zen4Bf16 = "-avx512_cannonlake-avx512_zen4",
                     *sapphireRapidsBf16 = "-avx512_cannonlake-avx512_sapphirerapids";
constexpr const char *tileFeature = "amx-bf16";

template <size_t n> bool supportsAll(const char *const (&features)[n]) {
  return std::all_of(features, features + n, [](const char *feature) { return cpuSupports(feature); });
}

bool supportsLevel3() { return supportsAll(level3Features); }
bool supportsLevel4() { return supportsLevel3() && supportsAll(level4Features); }

std::string supportedBf16() {
  if (!supportsLevel4() || !supportsAll(bf16Features))
    return "";
  return supportsAll(zen4Features) ? zen4Bf16 : supportsAll(sapphireRapidsFeatures) ? sapphireRapidsBf16 : "";
}

} // namespace

const char *const targetList = "host, x86-64-v3, x86-64-v4, cuda or opencl";

bool isTargetName(const std::string &name) {
  return name == "host" || name == "x86-64-v3" || name == "x86-64-v4" || isDeviceName(name);
}

bool isDeviceName(const std::string &name) { return name == "cuda" || name == "opencl"; }

std::string cpuName() {
  unsigned eax = 0, ebx, ecx, edx;
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  const unsigned base = eax >> 8 & 0xf, family = base == 0xf ? base + (eax >> 20 & 0xff) : base,
                 model = (eax >> 4 & 0xf) | (eax >> 12 & 0xf0);
  return cpuModelName() + ", family " + std::to_string(family) + " model " + std::to_string(model);
}

std::vector<std::string> neededFeatures(const TargetInfo &target, bool bf16, bool tiles) {
  if (target.onDevice())
    return {};
  std::vector<std::string> features;
  auto add = [&](auto &more) { features.insert(features.end(), std::begin(more), std::end(more)); };
  add(level3Features);
  if (target.name == "x86-64-v4")
    add(level4Features);
  if (bf16 && target.bf16Products()) {
    add(bf16Features);
    target.bf16Features == zen4Bf16 ? add(zen4Features) : add(sapphireRapidsFeatures);
  }
  if (tiles)
    features.push_back(tileFeature);
  return features;
}

TargetInfo hostTarget() {
  if (!supportsLevel3())
    throw std::runtime_error("this CPU lacks AVX2 or FMA, which the generated programs need");
  TargetInfo target = supportsLevel4() ? level4() : level3();
  if (supportsLevel4() && hasHalvedVectors())
    target.vectorLanes = 8;
  target.bf16Features = supportedBf16();
  target.bf16Tiles = target.bf16Products() && cpuSupports(tileFeature);
  target.cpu = cpuModelName();
  target.cores = hostCores();
  target.l1Bytes = cacheBytes(1, target.l1Bytes);
  target.l2Bytes = cacheBytes(2, target.l2Bytes);
  target.l3Bytes = cacheBytes(3, target.l3Bytes);
  return target;
}

TargetInfo targetNamed(const std::string &name) {
  if (name == "host")
    return hostTarget();
  if (!isTargetName(name))
    throw std::invalid_argument("unknown target \"" + name + "\"; expected " + targetList);
  if (isDeviceName(name))
    return gpu(name == "cuda" ? DeviceKind::Cuda : DeviceKind::OpenCl);
  TargetInfo target = name == "x86-64-v3" ? level3() : level4();
  target.cores = hostCores();
  return target;
}

} // namespace fovea
