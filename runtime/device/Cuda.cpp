// NVIDIA's GPUs through CUDA's driver API, whose library is opened at run time.
//
// Everything happens in one stream, but for uploads ahead, which have another. A function is launched kernel by kernel
// the first time, which loads its modules and takes its scratch memory; the second time its launches are recorded as a
// graph, and from then on each call is one launch.
#include "runtime/device/Device.h"

#include "runtime/Error.h"
#include "runtime/ProgramAbi.h"
#include "runtime/device/CudaDriver.h"
#include "runtime/device/Ptx.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

namespace fovea {
namespace {

const CudaDriver &api() { return cudaDriver(); }

class CudaDevice final : public Device {
public:
  CudaDevice(int index, CUdevice device) : device(device) {
    id = "cuda:" + std::to_string(index);
    char label[256] = "";
    check(api().cuDeviceGetName(label, sizeof label, device), "asking for the device's name");
    name = label;
    if (const int capability = api().capabilityOf(device); capability < leastCapability)
      throw Error(id + " (" + name + ") is too old: it has compute capability " + capabilityText(capability) +
                  ", and programs need " + capabilityText(leastCapability) + " or higher");
    size_t total = 0;
    check(api().cuDeviceTotalMem_v2(&total, device), "asking for the device's memory");
    memoryBytes = int64_t(total);
    CUresult code = api().cuDevicePrimaryCtxRetain(&context, device);
    if (code != CUDA_SUCCESS)
      throw Error(id + " (" + name + ") cannot be opened: " + api().text(code));
    code = api().cuCtxSetCurrent(context);
    if (code == CUDA_SUCCESS)
      code = api().cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING);
    if (code == CUDA_SUCCESS)
      code = api().cuStreamCreate(&uploads, CU_STREAM_NON_BLOCKING);
    if (code == CUDA_SUCCESS)
      code = api().cuEventCreate(&uploaded, CU_EVENT_DISABLE_TIMING);
    if (code != CUDA_SUCCESS) {
      api().cuDevicePrimaryCtxRelease_v2(device);
      throw Error(id + " (" + name + ") cannot be opened: " + api().text(code));
    }
    own.source = cudaOwnSource;
  }

  ~CudaDevice() override {
    api().cuCtxSetCurrent(context);
    api().cuStreamSynchronize(stream);
    api().cuStreamSynchronize(uploads);
    for (Call &call : calls)
      forget(call);
    for (Staging &block : staging) {
      api().cuEventDestroy_v2(block.copied);
      api().cuMemFreeHost(block.memory);
    }
    for (auto &[address, bytes] : allocations)
      api().cuMemFree_v2(address);
    for (auto &[source, module] : modules)
      if (module)
        api().cuModuleUnload(module);
    api().cuEventDestroy_v2(uploaded);
    api().cuStreamDestroy_v2(uploads);
    api().cuStreamDestroy_v2(stream);
    api().cuDevicePrimaryCtxRelease_v2(device);
  }

  /// 2 operations a cycle and multiply-add unit: 64 of these in a multiprocessor of capability 8.0, later 128.
  double peakGflops() const override {
    int multiprocessors = 0, kilohertz = 0;
    api().cuDeviceGetAttribute(&multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device);
    api().cuDeviceGetAttribute(&kilohertz, CU_DEVICE_ATTRIBUTE_CLOCK_RATE, device);
    return 2.0 * (api().capabilityOf(device) == 80 ? 64 : 128) * multiprocessors * kilohertz * 1e-6;
  }

  DeviceAddress allocate(int64_t bytes) override {
    makeCurrent();
    const int64_t rounded = alignedBytes(bytes);
    CUdeviceptr address = 0;
    const CUresult code = api().cuMemAlloc_v2(&address, size_t(rounded));
    if (code == CUDA_ERROR_OUT_OF_MEMORY) {
      size_t free = 0, total = 0;
      api().cuMemGetInfo_v2(&free, &total);
      int64_t taken = 0;
      for (auto &[begin, size] : allocations)
        taken += size;
      throw Error(id + " (" + name + "): out of memory: " + mebibytes(rounded) + " more are needed, " +
                  mebibytes(taken) + " are taken, and of the device's " + mebibytes(memoryBytes) + " " +
                  mebibytes(int64_t(free)) + " are free");
    }
    check(code, "taking memory");
    allocations[address] = rounded;
    check(api().cuMemsetD32Async(address, 0, size_t(rounded) / 4, stream), "zeroing memory");
    check(api().cuStreamSynchronize(stream), "zeroing memory"); // Uploads ahead do not wait for this stream.
    return address;
  }

  void free(DeviceAddress address) override {
    if (!allocations.erase(address))
      return;
    api().cuCtxSetCurrent(context);
    api().cuStreamSynchronize(stream);
    api().cuStreamSynchronize(uploads);
    // Their graphs hold the address, which the next allocation may get.
    std::erase_if(calls, [&](Call &call) {
      const bool uses = std::find(call.slots.begin(), call.slots.end(), address) != call.slots.end();
      if (uses)
        forget(call);
      return uses;
    });
    api().cuMemFree_v2(address);
  }

  void upload(DeviceAddress to, const void *from, int64_t bytes) override { upload(to, from, bytes, stream); }

  void uploadAhead(DeviceAddress to, const void *from, int64_t bytes) override {
    upload(to, from, bytes, uploads);
    check(api().cuEventRecord(uploaded, uploads), "copying to the device");
  }

  void joinUploads() override {
    makeCurrent();
    check(api().cuStreamWaitEvent(stream, uploaded, 0), "copying to the device");
  }

  void upload(DeviceAddress to, const void *from, int64_t bytes, CUstream stream) {
    makeCurrent();
    for (int64_t done = 0; done < bytes; done += stagingBytes) {
      const int64_t part = std::min(stagingBytes, bytes - done);
      Staging &block = takeStaging();
      std::memcpy(block.memory, static_cast<const char *>(from) + done, size_t(part));
      check(api().cuMemcpyHtoDAsync_v2(to + DeviceAddress(done), block.memory, size_t(part), stream),
            "copying to the device");
      check(api().cuEventRecord(block.copied, stream), "copying to the device");
    }
  }

  void download(void *to, DeviceAddress from, int64_t bytes) override {
    makeCurrent();
    for (int64_t done = 0; done < bytes; done += stagingBytes) {
      const int64_t part = std::min(stagingBytes, bytes - done);
      Staging &block = takeStaging();
      check(api().cuMemcpyDtoHAsync_v2(block.memory, from + DeviceAddress(done), size_t(part), stream),
            "copying from the device");
      check(api().cuEventRecord(block.copied, stream), "copying from the device");
      check(api().cuEventSynchronize(block.copied), "computing");
      std::memcpy(static_cast<char *>(to) + done, block.memory, size_t(part));
    }
  }

  void copy(DeviceAddress to, DeviceAddress from, int64_t bytes) override {
    makeCurrent();
    check(api().cuMemcpyDtoDAsync_v2(to, from, size_t(bytes), stream), "copying on the device");
  }

  void *nativeStream() override { return stream; }

  void fillZero(DeviceAddress to, int64_t bytes) override {
    makeCurrent();
    check(api().cuMemsetD8Async(to, 0, size_t(bytes), stream), "zeroing memory");
  }

  void wait() override {
    makeCurrent();
    check(api().cuStreamSynchronize(stream), "computing");
  }

  void add(DeviceAddress sum, DeviceAddress terms, int64_t count) override { runOwn("fovea_add", count, sum, terms); }

  void zeroAt(DeviceAddress floats, DeviceAddress indices, int64_t count) override {
    runOwn("fovea_zero_at", count, floats, indices);
  }

  int run(int (*function)(void *const *), void *const *slots) override {
    makeCurrent();
    if (slots[FOVEA_SLOT_PROFILE] || !api().hasGraphs)
      return Device::run(function, slots);
    Call &call = callOf(function, slots);
    if (call.graph) {
      check(api().cuGraphLaunch(call.graph, stream), "launching a graph");
      return 0;
    }
    if (call.state == Call::Settled && record(call, slots)) {
      check(api().cuGraphLaunch(call.graph, stream), "launching a graph");
      return 0;
    }
    const int code = Device::run(function, slots);
    if (code == 0 && call.state == Call::New)
      call.state = Call::Settled;
    return code;
  }

private:
  static constexpr int64_t stagingBytes = 8 << 20;
  static constexpr size_t mostStaging = 32;

  /// A block of pinned memory for copies, and the end of its latest.
  struct Staging {
    void *memory;
    CUevent copied;
  };

  /// A compiled function with the slots that it is called with.
  struct Call {
    enum State { New, Settled, Unrecordable };
    int (*function)(void *const *);
    std::array<DeviceAddress, FOVEA_SLOT_PROFILE> slots; ///< all before the profile
    State state = New;
    CUgraphExec graph = nullptr;
  };

  CUdevice device;
  CUcontext context = nullptr;
  CUstream stream = nullptr, uploads = nullptr;
  CUevent uploaded = nullptr; ///< the latest upload ahead
  std::map<DeviceAddress, int64_t> allocations;
  std::vector<Staging> staging;
  size_t nextStaging = 0;
  std::map<const DeviceModule *, CUmodule> modules; ///< Graphs hold their functions: unloaded at the end alone.
  std::map<std::pair<const DeviceModule *, const char *>, CUfunction> functions; ///< Names live as long as modules.
  std::vector<Call> calls;
  std::vector<void *> values; ///< of a launch's arguments
  DeviceModule own;

  void makeCurrent() { check(api().cuCtxSetCurrent(context), "choosing the device"); }

  void check(CUresult code, const char *what) const {
    if (code != CUDA_SUCCESS)
      throw Error(id + " (" + name + "): " + what + " failed: " + api().text(code));
  }
  using Device::check;

  /// The block whose latest copy is longest ago, or another while that is still under way.
  Staging &takeStaging() {
    if (nextStaging == staging.size())
      nextStaging = 0;
    if (staging.empty() ||
        (staging.size() < mostStaging && api().cuEventQuery(staging[nextStaging].copied) == CUDA_ERROR_NOT_READY)) {
      Staging made{};
      const CUresult code = api().cuMemHostAlloc(&made.memory, size_t(stagingBytes), 0);
      if (code == CUDA_SUCCESS) {
        check(api().cuEventCreate(&made.copied, CU_EVENT_DISABLE_TIMING), "making an event");
        staging.insert(staging.begin() + ptrdiff_t(nextStaging), made);
        return staging[nextStaging++];
      }
      if (staging.empty())
        throw Error(id + " (" + name + "): the machine has no memory to copy through: " + api().text(code));
    }
    Staging &block = staging[nextStaging++];
    check(api().cuEventSynchronize(block.copied), "computing");
    return block;
  }

  CUmodule load(const DeviceModule &module) {
    const std::string source = forDriver(module.source);
    char log[4096] = "";
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *optionValues[] = {log, reinterpret_cast<void *>(sizeof log)};
    CUmodule made = nullptr;
    const CUresult code = api().cuModuleLoadDataEx(&made, source.c_str(), 2, options, optionValues);
    if (code != CUDA_SUCCESS) {
      const std::string first(log, strcspn(log, "\n"));
      throw Error("the driver refuses a kernel: " + api().text(code) + (first.empty() ? "" : ": " + first));
    }
    return made;
  }

  /// Found by name the first time alone.
  CUfunction functionOf(const DeviceLaunch &launch) {
    CUfunction &function = functions[{launch.module, launch.entry}];
    if (!function) {
      CUmodule &module = modules[launch.module];
      if (!module)
        module = load(*launch.module);
      require(api().cuModuleGetFunction(&function, module, launch.entry), launch.entry);
    }
    return function;
  }

  /// For what `launch` keeps, which `Device::check` throws with the device's name.
  static void require(CUresult code, const char *entry) {
    if (code != CUDA_SUCCESS)
      throw Error(std::string("kernel ") + entry + " failed: " + api().text(code));
  }

  void enqueue(const DeviceLaunch &launch) override {
    CUfunction function = functionOf(launch);
    values.clear();
    for (const DeviceLaunch::Argument &argument : launch.arguments)
      values.push_back(const_cast<void *>(argument.scalar ? argument.scalar : &argument.address));
    require(api().cuLaunchKernel(function, launch.grid[0], launch.grid[1], launch.grid[2], launch.block[0],
                                 launch.block[1], launch.block[2], launch.sharedBytes, stream, values.data(), nullptr),
            launch.entry);
  }

  void runOwn(const char *entry, int64_t count, DeviceAddress first, DeviceAddress second) {
    if (!count)
      return;
    makeCurrent();
    DeviceLaunch launch{&own, entry, {unsigned((count + 255) / 256), 1, 1}, {256, 1, 1}, 0, {}};
    launch.arguments = {{first, 0, nullptr}, {second, 0, nullptr}, {0, sizeof count, &count}};
    try {
      enqueue(launch);
    } catch (const Error &problem) {
      throw Error(id + " (" + name + "): " + problem.what());
    }
  }

  Call &callOf(int (*function)(void *const *), void *const *slots) {
    std::array<DeviceAddress, FOVEA_SLOT_PROFILE> addresses;
    for (size_t index = 0; index < addresses.size(); ++index)
      addresses[index] = reinterpret_cast<DeviceAddress>(slots[index]);
    for (Call &call : calls)
      if (call.function == function && call.slots == addresses)
        return call;
    calls.push_back({function, addresses});
    return calls.back();
  }

  /// Makes a graph of the call's launches without running them; false, for good, where that fails.
  bool record(Call &call, void *const *slots) {
    call.state = Call::Unrecordable;
    if (api().cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) != CUDA_SUCCESS)
      return false;
    const int code = Device::run(call.function, slots);
    CUgraph graph = nullptr;
    const CUresult ended = api().cuStreamEndCapture(stream, &graph);
    try {
      check(); // Takes what went wrong: the call is made once more without a graph, which tells it again.
    } catch (const Error &) {
    }
    if (code == 0 && ended == CUDA_SUCCESS && graph &&
        api().cuGraphInstantiateWithFlags(&call.graph, graph, 0) != CUDA_SUCCESS)
      call.graph = nullptr;
    if (graph)
      api().cuGraphDestroy(graph);
    return call.graph;
  }

  static void forget(Call &call) {
    if (call.graph)
      api().cuGraphExecDestroy(call.graph);
    call.graph = nullptr;
  }
};

std::shared_ptr<Device> openCuda(int index) {
  if (!api().problem.empty())
    throw Error(api().problem);
  const int count = api().devices;
  if (index >= count)
    throw Error(noSuchDevice("cuda", "CUDA", index, count));
  CUdevice device = 0;
  if (const CUresult code = api().cuDeviceGet(&device, index); code != CUDA_SUCCESS)
    throw Error("cuda:" + std::to_string(index) + " cannot be opened: " + api().text(code));
  return std::make_shared<CudaDevice>(index, device);
}

int countCuda() { return api().problem.empty() ? api().devices : 0; }

bool hasCudaGpu() {
  CUdevice device = 0;
  return countCuda() && api().cuDeviceGet(&device, 0) == CUDA_SUCCESS && api().capabilityOf(device) >= leastCapability;
}

} // namespace

extern "C" const DeviceBackend fovea_cuda_backend = {"cuda", openCuda, countCuda, hasCudaGpu};

} // namespace fovea
