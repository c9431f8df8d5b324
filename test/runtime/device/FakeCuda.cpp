// A stand-in for NVIDIA's driver: a libcuda.so.1 that checks each call as the driver would, and runs kernels in an
// interpreter of PTX (ptx/) that checks each of their accesses. What it cannot show is how fast a GPU is.
//
// Copies, fills and launches happen when something waits for them, in the order in which they were asked for: what is
// changed or freed too early goes wrong here, as it would on a GPU. A call that no correct program makes ends the
// process with a line on standard error; one that the driver merely refuses returns its code.
//
// $FAKE_CUDA, words with spaces between, makes it another machine: no-device, broken, old-device, old-driver,
// memory=MIB, pinned=BLOCKS (so many are given), refused-kernel, failing-launch, few-registers, no-capture,
// lost-capture, idle (which runs no kernel). $FAKE_CUDA_REPORT names a file for what was called, as JSON.
#include "FakeCuda.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <unistd.h>

namespace {

/// Of a device's addresses: reading one on the host fails at once.
constexpr CUdeviceptr tag = CUdeviceptr(1) << 62;
constexpr int alignment = 512;

thread_local CUcontext current = nullptr;

/// Up to the event's `record`th time; all without an event.
void performUntil(CUstream stream, CUevent event, int64_t record = 0) {
  while (!stream->waiting.empty()) {
    Work work = std::move(stream->waiting.front());
    stream->waiting.pop_front();
    if (work.perform)
      work.perform();
    if (work.event) {
      work.event->reached = std::max(work.event->reached, work.record);
      if (work.event == event && work.record >= record)
        return;
    }
  }
}

void performAll() {
  for (CUstream stream : driver().streams)
    performUntil(stream, nullptr);
}

} // namespace

void violation(const std::string &what) {
  std::fprintf(stderr, "fake CUDA: %s\n", what.c_str());
  _exit(99);
}

Driver::Driver() {
  const char *text = std::getenv("FAKE_CUDA");
  std::istringstream words(text ? text : "");
  const std::map<std::string, bool *> flags = {{"no-device", &noDevice},
                                               {"broken", &broken},
                                               {"old-device", &oldDevice},
                                               {"old-driver", &oldDriver},
                                               {"failing-launch", &failingLaunch},
                                               {"few-registers", &fewRegisters},
                                               {"refused-kernel", &refusedKernel},
                                               {"no-capture", &noCapture},
                                               {"lost-capture", &lostCapture},
                                               {"idle", &idle}};
  for (std::string word; words >> word;)
    if (auto found = flags.find(word); found != flags.end())
      *found->second = true;
    else if (word.rfind("memory=", 0) == 0)
      memory = size_t(std::atoll(word.c_str() + 7)) << 20;
    else if (word.rfind("pinned=", 0) == 0)
      mostPinned = size_t(std::atoll(word.c_str() + 7));
    else
      violation("$FAKE_CUDA: unknown word " + word);
}

Driver::~Driver() {
  counts["left_allocations"] = int64_t(allocations.size());
  counts["left_pinned"] = int64_t(pinned.size());
  counts["left_modules"] = int64_t(modules.size());
  counts["left_streams"] = int64_t(streams.size());
  counts["left_events"] = int64_t(events.size());
  counts["left_graphs"] = int64_t(graphs.size() + executables.size());
  counts["left_contexts"] = retained;
  const char *path = std::getenv("FAKE_CUDA_REPORT");
  std::FILE *file = path ? std::fopen(path, "w") : nullptr;
  if (!file)
    return;
  const char *separator = "{";
  for (auto &[name, count] : counts) {
    std::fprintf(file, "%s\"%s\": %lld", separator, name.c_str(), static_cast<long long>(count));
    separator = ", ";
  }
  std::fprintf(file, "}\n");
  std::fclose(file);
}

size_t Driver::taken() const {
  size_t sum = 0;
  for (auto &[begin, block] : allocations)
    sum += block.first;
  return sum;
}

char *Driver::memoryAt(CUdeviceptr address, size_t bytes, const std::string &what) {
  auto after = allocations.upper_bound(address);
  if (after != allocations.begin()) {
    auto &[begin, block] = *std::prev(after);
    if (address - begin + bytes <= block.first)
      return block.second.get() + (address - begin);
  }
  violation(what + ": " + std::to_string(bytes) + " bytes that lie in no allocation");
}

ptx::Memory Driver::memoryOfKernels() const {
  ptx::Memory memory;
  for (auto &[begin, block] : allocations)
    memory.spans.push_back({begin, block.first, block.second.get()});
  return memory;
}

Driver &driver() {
  static Driver instance;
  return instance;
}

std::unique_lock<std::recursive_mutex> needContext(const char *function) {
  std::unique_lock lock(driver().mutex);
  if (!driver().initialized || !current || driver().retained <= 0)
    violation(std::string(function) + " without a current context");
  return lock;
}

bool spoilsCapture() {
  bool spoils = false;
  for (CUstream stream : driver().streams)
    if (stream->capturing && stream->capturer == std::this_thread::get_id())
      spoils = stream->invalid = true;
  return spoils;
}

CUresult submit(CUstream stream, Work work, const char *what) {
  needLive(driver().streams, stream, what);
  if (stream->capturing) {
    if (stream->invalid)
      return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    stream->captured.push_back(std::move(work));
  } else {
    stream->waiting.push_back(std::move(work));
  }
  return CUDA_SUCCESS;
}

extern "C" {

CUresult cuGetErrorName(CUresult error, const char **text) {
  static const std::map<int, const char *> names = {
      {1, "CUDA_ERROR_INVALID_VALUE"},   {2, "CUDA_ERROR_OUT_OF_MEMORY"},
      {218, "CUDA_ERROR_INVALID_PTX"},   {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"},
      {719, "CUDA_ERROR_LAUNCH_FAILED"}, {999, "CUDA_ERROR_UNKNOWN"}};
  auto found = names.find(error);
  *text = found == names.end() ? nullptr : found->second;
  return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char **text) {
  static const std::map<int, const char *> texts = {{1, "invalid argument"},
                                                    {2, "out of memory"},
                                                    {218, "a PTX JIT compilation failed"},
                                                    {701, "too many resources requested for launch"},
                                                    {719, "unspecified launch failure"},
                                                    {999, "unknown error"}};
  auto found = texts.find(error);
  *text = found == texts.end() ? nullptr : found->second;
  return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuInit(unsigned int flags) {
  if (flags)
    return CUDA_ERROR_INVALID_VALUE;
  if (driver().noDevice)
    return CUDA_ERROR_NO_DEVICE;
  if (driver().broken)
    return CUresult(999);
  driver().initialized = true;
  return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int *version) {
  *version = driver().oldDriver ? 10020 : 12040;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count) {
  *count = 2;
  return driver().initialized ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  if (!driver().initialized)
    return CUDA_ERROR_NOT_INITIALIZED;
  *device = ordinal;
  return ordinal >= 0 && ordinal < 2 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetName(char *name, int length, CUdevice) {
  std::snprintf(name, size_t(length), driver().oldDevice ? "Old GPU" : "Fake GPU");
  return driver().initialized ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice) {
  *bytes = driver().memory;
  return driver().initialized ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

/// An H100's.
CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice) {
  switch (attribute) {
  case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
    *value = 1980000;
    break;
  case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    *value = 132;
    break;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    *value = driver().oldDevice ? 7 : 9;
    break;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    *value = driver().oldDevice ? 5 : 0;
    break;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
  return driver().initialized ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice) {
  if (!driver().initialized)
    return CUDA_ERROR_NOT_INITIALIZED;
  const std::lock_guard lock(driver().mutex);
  ++driver().retained;
  *context = &driver().context;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
  const std::lock_guard lock(driver().mutex);
  if (driver().retained-- <= 0)
    violation("a context is released that was not retained");
  return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context) {
  const std::lock_guard lock(driver().mutex);
  if (context && (context != &driver().context || driver().retained <= 0))
    violation("a context is made current that is not there");
  current = context;
  return CUDA_SUCCESS;
}

CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  const auto lock = needContext(__func__);
  *total = driver().memory;
  *free = driver().memory - driver().taken();
  return CUDA_SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  const auto lock = needContext(__func__);
  if (spoilsCapture())
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (bytes == 0)
    return CUDA_ERROR_INVALID_VALUE;
  if (driver().taken() + bytes > driver().memory)
    return CUDA_ERROR_OUT_OF_MEMORY;
  auto block = std::make_unique<char[]>(bytes + alignment);
  std::memset(block.get(), 0xA5, bytes + alignment); // A GPU's memory is not zeroed.
  static CUdeviceptr next = tag;
  *address = next;
  next += (bytes + alignment - 1) / alignment * alignment + (1 << 20);
  driver().allocations[*address] = {bytes, std::move(block)};
  ++driver().counts["allocations"];
  return CUDA_SUCCESS;
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  const auto lock = needContext(__func__);
  if (spoilsCapture())
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  performAll(); // The driver waits, too.
  if (!driver().allocations.erase(address))
    violation("memory is freed that was not taken");
  return CUDA_SUCCESS;
}

CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned int) {
  const auto lock = needContext(__func__);
  if (spoilsCapture())
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (driver().pinned.size() >= driver().mostPinned)
    return CUDA_ERROR_OUT_OF_MEMORY;
  auto *made = static_cast<char *>(std::malloc(bytes));
  driver().pinned[made] = bytes;
  ++driver().counts["pinned_blocks"];
  *memory = made;
  return CUDA_SUCCESS;
}

CUresult cuMemFreeHost(void *memory) {
  const auto lock = needContext(__func__);
  if (!driver().pinned.erase(static_cast<char *>(memory)))
    violation("pinned memory is freed that was not taken");
  std::free(memory);
  return CUDA_SUCCESS;
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
  const auto lock = needContext(__func__);
  driver().memoryAt(to, bytes, __func__);
  const auto *source = static_cast<const char *>(from);
  auto after = driver().pinned.upper_bound(const_cast<char *>(source));
  const bool isPinned =
      after != driver().pinned.begin() && source + bytes <= std::prev(after)->first + std::prev(after)->second;
  ++driver().counts[isPinned ? "uploads" : "pageable_copies"];
  if (isPinned)
    return submit(stream, {[=] { std::memcpy(driver().memoryAt(to, bytes, "an upload"), source, bytes); }}, __func__);
  std::vector<char> copy(source, source + bytes); // Read before the call returns.
  return submit(stream, {[=] { std::memcpy(driver().memoryAt(to, bytes, "an upload"), copy.data(), bytes); }},
                __func__);
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  const auto lock = needContext(__func__);
  driver().memoryAt(from, bytes, __func__);
  ++driver().counts["downloads"];
  return submit(stream, {[=] { std::memcpy(to, driver().memoryAt(from, bytes, "a download"), bytes); }}, __func__);
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  const auto lock = needContext(__func__);
  driver().memoryAt(to, bytes, __func__);
  driver().memoryAt(from, bytes, __func__);
  return submit(stream, {[=] {
                  std::memmove(driver().memoryAt(to, bytes, "a copy"), driver().memoryAt(from, bytes, "a copy"), bytes);
                }},
                __func__);
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
  const auto lock = needContext(__func__);
  driver().memoryAt(to, count, __func__);
  return submit(stream, {[=] { std::memset(driver().memoryAt(to, count, "a fill"), value, count); }}, __func__);
}

CUresult cuMemsetD32Async(CUdeviceptr to, unsigned int value, size_t count, CUstream stream) {
  const auto lock = needContext(__func__);
  if (to % 4)
    return CUDA_ERROR_INVALID_VALUE;
  driver().memoryAt(to, 4 * count, __func__);
  return submit(stream, {[=] {
                  auto *words = reinterpret_cast<unsigned *>(driver().memoryAt(to, 4 * count, "a fill"));
                  std::fill_n(words, count, value);
                }},
                __func__);
}

CUresult cuStreamCreate(CUstream *stream, unsigned int flags) {
  const auto lock = needContext(__func__);
  if (flags > CU_STREAM_NON_BLOCKING)
    return CUDA_ERROR_INVALID_VALUE;
  driver().streams.insert(*stream = new CUstream_st);
  return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream stream) {
  const auto lock = needContext(__func__);
  needLive(driver().streams, stream, __func__);
  performUntil(stream, nullptr);
  return destroy(driver().streams, stream, __func__);
}

CUresult cuStreamSynchronize(CUstream stream) {
  const auto lock = needContext(__func__);
  needLive(driver().streams, stream, __func__);
  if (spoilsCapture())
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  performUntil(stream, nullptr);
  return CUDA_SUCCESS;
}

CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
  const auto lock = needContext(__func__);
  needLive(driver().streams, stream, __func__);
  if (driver().noCapture)
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (stream->capturing || mode != CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)
    violation("a capture begins inside of another, or in an unknown mode");
  stream->capturing = true;
  stream->invalid = false;
  stream->capturer = std::this_thread::get_id();
  stream->captured.clear();
  ++driver().counts["captures"];
  return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  const auto lock = needContext(__func__);
  needLive(driver().streams, stream, __func__);
  if (!stream->capturing || stream->capturer != std::this_thread::get_id())
    violation("a capture ends that this thread did not begin");
  stream->capturing = false;
  *graph = nullptr;
  if (stream->invalid || driver().lostCapture)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  driver().graphs.insert(*graph = new CUgraph_st{std::move(stream->captured)});
  return CUDA_SUCCESS;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long flags) {
  const auto lock = needContext(__func__);
  needLive(driver().graphs, graph, __func__);
  if (flags)
    return CUDA_ERROR_INVALID_VALUE;
  driver().executables.insert(*executable = new CUgraphExec_st{graph->nodes});
  return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  const auto lock = needContext(__func__);
  needLive(driver().executables, executable, __func__);
  ++driver().counts["graph_launches"];
  for (const Work &node : executable->nodes)
    if (CUresult code = submit(stream, node, __func__); code != CUDA_SUCCESS)
      return code;
  return CUDA_SUCCESS;
}

CUresult cuGraphExecDestroy(CUgraphExec executable) { return destroy(driver().executables, executable, __func__); }

CUresult cuGraphDestroy(CUgraph graph) { return destroy(driver().graphs, graph, __func__); }

CUresult cuEventCreate(CUevent *event, unsigned int) {
  const auto lock = needContext(__func__);
  driver().events.insert(*event = new CUevent_st);
  return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  const auto lock = needContext(__func__);
  needLive(driver().events, event, __func__);
  if (stream->capturing)
    return submit(stream, {nullptr, event, event->asked}, __func__);
  return submit(stream, {nullptr, event, ++event->asked}, __func__);
}

CUresult cuEventQuery(CUevent event) {
  const auto lock = needContext(__func__);
  needLive(driver().events, event, __func__);
  return event->isPending() ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

CUresult cuEventSynchronize(CUevent event) {
  const auto lock = needContext(__func__);
  needLive(driver().events, event, __func__);
  if (spoilsCapture())
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  for (CUstream stream : driver().streams)
    if (event->isPending())
      performUntil(stream, event, event->asked);
  return CUDA_SUCCESS;
}

/// A stream that waits does the other streams' work, up to what was the event's latest record when it was asked to.
CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int flags) {
  const auto lock = needContext(__func__);
  needLive(driver().events, event, __func__);
  if (flags)
    return CUDA_ERROR_INVALID_VALUE;
  const int64_t record = event->asked;
  return submit(stream, {[=] {
                  for (CUstream other : driver().streams)
                    if (other != stream && event->reached < record)
                      performUntil(other, event, record);
                }},
                __func__);
}

CUresult cuEventDestroy_v2(CUevent event) { return destroy(driver().events, event, __func__); }
}
