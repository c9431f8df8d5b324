// What the CPU that this process runs on is, and what it can do and the system lets it do, by the names that GCC and
// Clang know.
//
// Header only, as the compiler (ir/TargetInfo) asks the same questions as compiled programs.
#pragma once

#include <fstream>
#include <string>
#include <string_view>
#include <sys/syscall.h>
#include <unistd.h>

namespace fovea {

/// Asks Linux (5.16 and later) for the use of AMX's tiles: it gives their 8 kB of state only to processes that ask, with
/// all their threads to come. False where it does not.
inline bool mayUseTiles() {
  constexpr long requestPermission = 0x1023, tileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA.
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

/// False also for a name that this runtime does not know: a later compiler's program asks for something newer.
inline bool cpuSupports(std::string_view feature) {
  __builtin_cpu_init();
#define FOVEA_CPU_FEATURE(name)                                                                                        \
  if (feature == name)                                                                                                 \
  return __builtin_cpu_supports(name)
  FOVEA_CPU_FEATURE("popcnt");
  FOVEA_CPU_FEATURE("sse4.1");
  FOVEA_CPU_FEATURE("avx2");
  FOVEA_CPU_FEATURE("fma");
  FOVEA_CPU_FEATURE("f16c");
  FOVEA_CPU_FEATURE("bmi");
  FOVEA_CPU_FEATURE("bmi2");
  FOVEA_CPU_FEATURE("lzcnt");
  FOVEA_CPU_FEATURE("movbe");
  FOVEA_CPU_FEATURE("avx512f");
  FOVEA_CPU_FEATURE("avx512cd");
  FOVEA_CPU_FEATURE("avx512bw");
  FOVEA_CPU_FEATURE("avx512dq");
  FOVEA_CPU_FEATURE("avx512vl");
  FOVEA_CPU_FEATURE("sse4a");
  FOVEA_CPU_FEATURE("gfni");
  FOVEA_CPU_FEATURE("avx512bf16");
  FOVEA_CPU_FEATURE("avx512ifma");
  FOVEA_CPU_FEATURE("avx512vbmi");
  FOVEA_CPU_FEATURE("avx512vbmi2");
  FOVEA_CPU_FEATURE("avx512vnni");
  FOVEA_CPU_FEATURE("avx512bitalg");
  FOVEA_CPU_FEATURE("avx512vpopcntdq");
  FOVEA_CPU_FEATURE("avx512fp16");
  FOVEA_CPU_FEATURE("avxvnni");
#undef FOVEA_CPU_FEATURE
  if (feature == "amx-bf16")
    return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") && mayUseTiles();
  return false;
}

/// "AMD EPYC 9B14", the model name of the first processor; empty when the system does not say.
inline std::string cpuModelName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) {
      const size_t value = line.find(": ");
      return value == std::string::npos ? "" : line.substr(value + 2);
    }
  return "";
}

} // namespace fovea
