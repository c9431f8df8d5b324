// What the stand-in for NVIDIA's driver remembers of each call; FakeCuda.cpp says what it is for.
#pragma once

#include "runtime/device/CudaApi.h"
#include "test/runtime/device/ptx/Machine.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

struct CUctx_st {};

struct CUfunc_st {
  CUmodule module;
  ptx::Kernel kernel;
};

struct CUmod_st {
  std::map<std::string, CUfunc_st> functions;
};

struct CUevent_st {
  int64_t asked = 0, reached = 0; ///< Records: how many were asked for, and which of them are performed.
  bool isPending() const { return reached < asked; }
};

/// Work that waits in a stream or makes a graph; `event` is set when it records one, for the `record`th time.
struct Work {
  std::function<void()> perform;
  CUevent event = nullptr;
  int64_t record = 0;
};

struct CUstream_st {
  std::deque<Work> waiting;
  bool capturing = false, invalid = false;
  std::thread::id capturer;
  std::vector<Work> captured;
};

struct CUgraph_st {
  std::vector<Work> nodes;
};

struct CUgraphExec_st {
  std::vector<Work> nodes;
};

/// A call that no correct program makes.
[[noreturn]] void violation(const std::string &what);

struct Driver {
  bool noDevice = false, broken = false, oldDevice = false, oldDriver = false, failingLaunch = false,
       fewRegisters = false, refusedKernel = false, noCapture = false, lostCapture = false, idle = false;
  size_t memory = size_t(4) << 30, mostPinned = 1000;
  std::recursive_mutex mutex; ///< Devices that train together have a thread each.
  bool initialized = false;
  int retained = 0;
  CUctx_st context;
  std::map<CUdeviceptr, std::pair<size_t, std::unique_ptr<char[]>>> allocations;
  std::map<char *, size_t> pinned;
  std::set<CUmodule> modules;
  std::set<CUstream> streams;
  std::set<CUevent> events;
  std::set<CUgraph> graphs;
  std::set<CUgraphExec> executables;
  std::map<std::string, int64_t> counts;

  Driver();  ///< As $FAKE_CUDA says.
  ~Driver(); ///< Writes the report.
  size_t taken() const;
  /// All allocations, as kernels see them.
  ptx::Memory memoryOfKernels() const;
  /// The host's memory behind [address, address + bytes), which lies in one allocation.
  char *memoryAt(CUdeviceptr address, size_t bytes, const std::string &what);
};

Driver &driver();

/// What nearly every call needs: a current context. Calls of several threads come one after another, kernels too.
[[nodiscard]] std::unique_lock<std::recursive_mutex> needContext(const char *function);

template <typename Handle> void needLive(const std::set<Handle> &live, Handle handle, const char *what) {
  if (!live.count(handle))
    violation(std::string(what) + " of a handle that is not there");
}

/// What every call does that destroys a handle.
template <typename Handle> CUresult destroy(std::set<Handle> &live, Handle handle, const char *what) {
  const auto lock = needContext(what);
  needLive(live, handle, what);
  live.erase(handle);
  delete handle;
  return CUDA_SUCCESS;
}

/// Ends a capture of this thread's, as calls do that are not safe inside of one.
bool spoilsCapture();

/// Into the stream, or into the graph that is captured from it.
CUresult submit(CUstream stream, Work work, const char *what);
