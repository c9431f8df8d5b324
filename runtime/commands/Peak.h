// The machine's limits, to judge kernels by.
#pragma once

namespace fovea {

/// 10^9 floating-point operations per second that fused multiply-adds reach on all threads at once, measured in about
/// 50 ms; 0 on a machine without them.
double measurePeakGflops();

/// 10^9 bytes per second that all threads at once read from memory, measured in about 0.3 s with a block that no cache
/// holds; 0 where there is no memory for it.
double measureReadGbytes();

} // namespace fovea
