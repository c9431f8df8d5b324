// The machine's arithmetic limit, to judge kernels by.
#pragma once

namespace fovea {

/// 10^9 floating-point operations per second that fused multiply-adds reach on all threads at once, measured in about
/// 50 ms; 0 on a machine without them.
double measurePeakGflops();

} // namespace fovea
