# Kernels to machine code. Knows no MLIR; Halide's header takes seconds to parse, so it is precompiled.
add_library(FoveaHalide STATIC
  BufferDims.cpp
  EmitKernel.cpp
  algorithms/Algorithms.cpp
  algorithms/Add.cpp
  algorithms/AvgPool.cpp
  algorithms/BatchNorm.cpp
  algorithms/ChannelShuffle.cpp
  algorithms/Concat.cpp
  algorithms/Conv2d.cpp
  algorithms/Convolution.cpp
  algorithms/Dense.cpp
  algorithms/Flatten.cpp
  algorithms/Local.cpp
  algorithms/MaxPool.cpp
  algorithms/Mul.cpp
  algorithms/Narrow.cpp
  algorithms/Rbf.cpp
  algorithms/RbfMapLoss.cpp
  algorithms/Relayout.cpp
  algorithms/Dropout.cpp
  algorithms/Lrn.cpp
  algorithms/Relu.cpp
  algorithms/Scale.cpp
  algorithms/ScaleFilters.cpp
  algorithms/SgdUpdate.cpp
  algorithms/Sigmoid.cpp
  algorithms/Softmax.cpp
  algorithms/SoftmaxCrossEntropy.cpp
  algorithms/Tanh.cpp
  algorithms/Tensor.cpp algorithms/Tiles.cpp
  algorithms/Window.cpp
  algorithms/Winograd.cpp
  algorithms/WinogradMatrices.cpp
  schedules/Prefetch.cpp
  schedules/ScheduledKernel.cpp
  schedules/cpu/ChannelSum.cpp
  schedules/cpu/Conv2d.cpp
  schedules/cpu/Dense.cpp
  schedules/cpu/Local.cpp
  schedules/cpu/Pointwise.cpp
  schedules/cpu/Rows.cpp
  schedules/cpu/Schedules.cpp schedules/cpu/Tiles.cpp
  schedules/cpu/Winograd.cpp
  schedules/gpu/Conv2d.cpp
  schedules/gpu/Conv2dWeightGradient.cpp
  schedules/gpu/Default.cpp
  schedules/gpu/Dense.cpp
  schedules/gpu/Rows.cpp
  schedules/gpu/Schedules.cpp)
target_link_libraries(FoveaHalide PUBLIC Halide::Halide FoveaKernelSpec)
target_precompile_headers(FoveaHalide PRIVATE <Halide.h>)
