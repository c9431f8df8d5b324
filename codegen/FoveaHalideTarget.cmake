# Kernels to machine code. Knows no MLIR; Halide's header takes seconds to parse, so it is precompiled.
add_library(FoveaHalide STATIC
  BufferDims.cpp
  EmitKernel.cpp
  algorithms/Algorithms.cpp
  algorithms/AvgPool.cpp
  algorithms/Conv2d.cpp
  algorithms/Dense.cpp
  algorithms/MaxPool.cpp
  algorithms/Pointwise.cpp
  algorithms/Reductions.cpp
  algorithms/Tensor.cpp
  schedules/cpu/Schedules.cpp
  schedules/cpu/Sums.cpp)
target_link_libraries(FoveaHalide PUBLIC Halide::Halide FoveaKernelSpec)
target_precompile_headers(FoveaHalide PRIVATE <Halide.h>)
