// That the stand-in for NVIDIA's driver finds what it is there to find.
#include "FakeCuda.h"

#include <cstring>
#include <gtest/gtest.h>

namespace {

/// Adds `n` to the word at `p`, in its first thread.
constexpr char ptx[] = ".version 7.0\n.target sm_80\n.address_size 64\n"
                       ".visible .entry k(\n\t.param .u64 .ptr .align 4 p,\n\t.param .u32 n\n)\n{\n"
                       "\t.reg .pred %p;\n\t.reg .b32 %r<4>;\n\t.reg .b64 %a;\n"
                       "\tmov.u32 %r1, %tid.x;\n\tsetp.ne.b32 %p, %r1, 0;\n\t@%p ret;\n"
                       "\tld.param.b32 %r2, [n];\n\tld.param.b64 %a, [p];\n\tld.global.b32 %r3, [%a];\n"
                       "\tadd.s32 %r3, %r3, %r2;\n\tst.global.b32 [%a], %r3;\n\tret;\n}\n";

struct FakeCuda : testing::Test {
  CUcontext context;
  CUstream stream;
  CUmodule module;
  CUfunction function;
  CUdeviceptr memory;
  int count = 3;

  FakeCuda() {
    EXPECT_EQ(cuInit(0), CUDA_SUCCESS);
    EXPECT_EQ(cuDevicePrimaryCtxRetain(&context, 0), CUDA_SUCCESS);
    EXPECT_EQ(cuCtxSetCurrent(context), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    EXPECT_EQ(cuModuleLoadDataEx(&module, ptx, 0, nullptr, nullptr), CUDA_SUCCESS);
    EXPECT_EQ(cuModuleGetFunction(&function, module, "k"), CUDA_SUCCESS);
    EXPECT_EQ(cuMemAlloc_v2(&memory, 512), CUDA_SUCCESS);
  }
  ~FakeCuda() {
    cuStreamDestroy_v2(stream);
    cuModuleUnload(module);
    cuDevicePrimaryCtxRelease_v2(0);
  }

  CUresult launch(CUdeviceptr address, unsigned blockX = 32, unsigned sharedBytes = 0, unsigned gridY = 1) {
    void *arguments[] = {&address, &count};
    return cuLaunchKernel(function, 1, gridY, 1, blockX, 1, 1, sharedBytes, stream, arguments, nullptr);
  }
};

TEST_F(FakeCuda, TakesWhatIsLegal) {
  EXPECT_EQ(launch(memory + 508), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(function->kernel.entry.parameters.size(), 2u);
  EXPECT_EQ(function->kernel.entry.parameters[1].bytes, 4u);
  EXPECT_EQ(cuMemFree_v2(memory), CUDA_SUCCESS);
}

TEST_F(FakeCuda, RunsKernelsWhenTheyAreWaitedFor) {
  uint32_t before = 0, after = 0;
  ASSERT_EQ(cuMemsetD32Async(memory, 10, 1, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoHAsync_v2(&before, memory, sizeof before, stream), CUDA_SUCCESS);
  ASSERT_EQ(launch(memory), CUDA_SUCCESS);
  count = 100; // The launch has what was there when it was asked for.
  ASSERT_EQ(cuMemcpyDtoHAsync_v2(&after, memory, sizeof after, stream), CUDA_SUCCESS);
  EXPECT_EQ(after, 0u);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(before, 10u);
  EXPECT_EQ(after, 13u);
  cuMemFree_v2(memory);
}

TEST_F(FakeCuda, EndsAtWhatAKernelMustNotDo) {
  EXPECT_EXIT(
      (launch(memory + 2), cuStreamSynchronize(stream)), testing::ExitedWithCode(99),
      "fake CUDA: k, line 17 \\(`ld.global.b32 %r3, \\[%a\\]`\\), block 0 0 0, thread 0 0 0: an address that is no "
      "multiple of what is accessed: 4 bytes at ");
  CUmodule other;
  EXPECT_EXIT(cuModuleLoadDataEx(&other,
                                 ".version 7.0\n.target sm_80\n.address_size 64\n.entry k()\n{\n\ttrap;\n\tret;\n}\n",
                                 0, nullptr, nullptr),
              testing::ExitedWithCode(99), "fake CUDA: a module: k, line 6 \\(`trap`\\): unknown instruction");
  cuMemFree_v2(memory);
}

// Which is the second of two copies: the event was recorded behind each.
TEST_F(FakeCuda, AStreamWaitsForAnEventsLatestRecord) {
  CUstream uploads;
  CUevent event;
  ASSERT_EQ(cuStreamCreate(&uploads, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  const uint32_t values[] = {5, 6};
  uint32_t seen[2] = {};
  for (size_t index = 0; index < 2; ++index) {
    ASSERT_EQ(cuMemcpyHtoDAsync_v2(memory + 4 * index, &values[index], 4, uploads), CUDA_SUCCESS);
    ASSERT_EQ(cuEventRecord(event, uploads), CUDA_SUCCESS);
  }
  ASSERT_EQ(cuStreamWaitEvent(stream, event, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoHAsync_v2(seen, memory, sizeof seen, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(seen[0], 5u);
  EXPECT_EQ(seen[1], 6u);
  cuEventDestroy_v2(event);
  cuStreamDestroy_v2(uploads);
  cuMemFree_v2(memory);
}

TEST_F(FakeCuda, RefusesWhatTheDriverWould) {
  EXPECT_EQ(launch(memory, 1025), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(memory, 32, 0, 65536), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(memory, 32, 49 << 10), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuModuleGetFunction(&function, module, "other"), CUDA_ERROR_NOT_FOUND);
  CUmodule other;
  EXPECT_EQ(cuModuleLoadDataEx(&other, "__kernel void k() {}", 0, nullptr, nullptr), CUDA_ERROR_INVALID_PTX);
  EXPECT_EQ(cuMemFree_v2(memory), CUDA_SUCCESS);
}

TEST_F(FakeCuda, FindsAddressesOutsideOfAllocations) {
  EXPECT_EXIT(launch(memory + 512), testing::ExitedWithCode(99), "k: argument 0: 1 bytes that lie in no allocation");
  EXPECT_EXIT(cuMemsetD8Async(memory + 8, 0, 505, stream), testing::ExitedWithCode(99), "cuMemsetD8Async: 505 bytes");
  EXPECT_EQ(cuMemFree_v2(memory), CUDA_SUCCESS);
  EXPECT_EXIT(launch(memory), testing::ExitedWithCode(99), "k: argument 0");
  EXPECT_EXIT(cuMemFree_v2(memory), testing::ExitedWithCode(99), "memory is freed that was not taken");
}

TEST_F(FakeCuda, CopiesLate) {
  void *pinned = nullptr;
  float value = 1, seen = 0;
  ASSERT_EQ(cuMemHostAlloc(&pinned, sizeof value, 0), CUDA_SUCCESS);
  std::memcpy(pinned, &value, sizeof value);
  ASSERT_EQ(cuMemcpyHtoDAsync_v2(memory, pinned, sizeof value, stream), CUDA_SUCCESS);
  value = 2; // Changed before the copy was waited for.
  std::memcpy(pinned, &value, sizeof value);
  ASSERT_EQ(cuMemcpyDtoHAsync_v2(&seen, memory, sizeof seen, stream), CUDA_SUCCESS);
  EXPECT_EQ(seen, 0);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(seen, 2);
  cuMemFreeHost(pinned);
  cuMemFree_v2(memory);
}

TEST_F(FakeCuda, GraphsHoldWhatWasCaptured) {
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
  ASSERT_EQ(launch(memory), CUDA_SUCCESS);
  CUgraph graph;
  CUgraphExec executable;
  ASSERT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphInstantiateWithFlags(&executable, graph, 0), CUDA_SUCCESS);
  uint32_t value = 0;
  ASSERT_EQ(cuMemsetD32Async(memory, 1, 1, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphLaunch(executable, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphLaunch(executable, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoHAsync_v2(&value, memory, sizeof value, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(value, 7u);
  cuMemFree_v2(memory);
  EXPECT_EXIT((cuGraphLaunch(executable, stream), cuStreamSynchronize(stream)), testing::ExitedWithCode(99),
              "k, when it runs");
  cuGraphExecDestroy(executable);
  cuGraphDestroy(graph);
}

TEST_F(FakeCuda, TakingMemorySpoilsACapture) {
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
  CUdeviceptr more;
  EXPECT_EQ(cuMemAlloc_v2(&more, 4), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  EXPECT_EQ(launch(memory), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  CUgraph graph;
  EXPECT_EQ(cuStreamEndCapture(stream, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  EXPECT_EQ(graph, nullptr);
  cuMemFree_v2(memory);
}

} // namespace
