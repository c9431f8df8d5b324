// The machine's limits, to judge kernels by.
#pragma once

#include <string>

namespace fovea {

class Device;

/// "AMD EPYC 9B14", as the system has it.
std::string processorName();

/// The device, as "cuda:0 (NVIDIA H100 80GB HBM3)", or where it is null the CPU.
std::string machineName(const Device *device);

/// 10^9 operations a second: what the CPU's multiply-adds reach, also where OpenCL's device is the CPU, or what those
/// of a GPU could; 0 where that is not known.
double peakGflopsOf(const Device *device);

/// 10^9 floating-point operations per second that fused multiply-adds reach on all threads at once, measured in about
/// 50 ms; 0 on a machine without them.
double measurePeakGflops();

/// 10^9 bytes per second that all threads at once read from memory, measured in about 0.3 s with a block that no cache
/// holds. Throws Error when memory runs out.
double measureReadGbytes();

} // namespace fovea
