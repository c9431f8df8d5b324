// OpenCL 1.2, whose library is opened at run time.
//
// OpenCL's memory objects have no addresses. Each allocation gets a range of numbers of its own, from which a launch finds
// the object and the offset again; an operand in the middle of an allocation is a sub-buffer, made once and kept.
#include "runtime/device/Device.h"

#include "runtime/Error.h"

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <mutex>

namespace fovea {
namespace {

#define FOVEA_OPENCL_FUNCTIONS(X)                                                                                      \
  X(clGetPlatformIDs)                                                                                                  \
  X(clGetDeviceIDs)                                                                                                    \
  X(clGetDeviceInfo)                                                                                                   \
  X(clCreateContext)                                                                                                   \
  X(clCreateCommandQueue)                                                                                              \
  X(clCreateBuffer)                                                                                                    \
  X(clCreateSubBuffer)                                                                                                 \
  X(clReleaseMemObject)                                                                                                \
  X(clCreateProgramWithSource)                                                                                         \
  X(clBuildProgram)                                                                                                    \
  X(clGetProgramBuildInfo)                                                                                             \
  X(clCreateKernel)                                                                                                    \
  X(clReleaseKernel)                                                                                                   \
  X(clReleaseProgram)                                                                                                  \
  X(clSetKernelArg)                                                                                                    \
  X(clEnqueueNDRangeKernel)                                                                                            \
  X(clEnqueueWriteBuffer)                                                                                              \
  X(clEnqueueReadBuffer)                                                                                               \
  X(clEnqueueCopyBuffer)                                                                                               \
  X(clEnqueueFillBuffer)                                                                                               \
  X(clEnqueueBarrierWithWaitList)                                                                                      \
  X(clReleaseEvent)                                                                                                    \
  X(clFlush)                                                                                                           \
  X(clFinish)                                                                                                          \
  X(clReleaseCommandQueue)                                                                                             \
  X(clReleaseContext)

struct Api {
#define X(name) decltype(&::name) name = nullptr;
  FOVEA_OPENCL_FUNCTIONS(X)
#undef X
  std::string problem; ///< Why there is none; empty when all is well.
  std::vector<cl_device_id> devices;

  Api() {
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_GLOBAL);
    if (!library) {
      problem = "there is no OpenCL on this machine (libOpenCL.so.1): install its loader and a driver, or compile the "
                "network for a CPU";
      return;
    }
#define X(name)                                                                                                        \
  if (!(name = reinterpret_cast<decltype(&::name)>(dlsym(library, #name))))                                            \
    problem = "libOpenCL.so.1 has no " #name ": it is older than OpenCL 1.2";
    FOVEA_OPENCL_FUNCTIONS(X)
#undef X
    if (problem.empty())
      findDevices();
  }

private:
  /// GPUs of all platforms first.
  void findDevices() {
    cl_uint count = 0;
    clGetPlatformIDs(0, nullptr, &count);
    std::vector<cl_platform_id> platforms(count);
    if (count)
      clGetPlatformIDs(count, platforms.data(), nullptr);
    for (cl_device_type type : {CL_DEVICE_TYPE_GPU, CL_DEVICE_TYPE_ACCELERATOR, CL_DEVICE_TYPE_CPU})
      for (cl_platform_id platform : platforms) {
        cl_uint found = 0;
        if (clGetDeviceIDs(platform, type, 0, nullptr, &found) != CL_SUCCESS || !found)
          continue;
        devices.resize(devices.size() + found);
        clGetDeviceIDs(platform, type, found, devices.data() + devices.size() - found, nullptr);
      }
    if (devices.empty())
      problem = "OpenCL finds no device on this machine: install a driver for one, or compile the network for a CPU";
  }
};

const Api &api() {
  static const Api loaded;
  return loaded;
}

/// The sums and scatters that the runtime itself needs.
constexpr const char *ownSource = R"(
__kernel void fovea_add(__global float *sum, __global const float *terms, ulong count) {
  size_t i = get_global_id(0);
  if (i < count)
    sum[i] += terms[i];
}
__kernel void fovea_zero_at(__global float *floats, __global const int *indices, ulong count) {
  size_t i = get_global_id(0);
  if (i < count)
    floats[indices[i]] = 0;
}
)";

class OpenClDevice final : public Device {
public:
  OpenClDevice(int index, cl_device_id device) : device(device) {
    id = "opencl:" + std::to_string(index);
    name = text(CL_DEVICE_NAME);
    memoryBytes = int64_t(info<cl_ulong>(CL_DEVICE_GLOBAL_MEM_SIZE));
    largestBytes = int64_t(info<cl_ulong>(CL_DEVICE_MAX_MEM_ALLOC_SIZE));
    isGpu = info<cl_device_type>(CL_DEVICE_TYPE) & CL_DEVICE_TYPE_GPU;
    if (info<cl_uint>(CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8 > alignment)
      throw Error(id + " (" + name + "): needs memory on wider boundaries than programs have");
    cl_int code = CL_SUCCESS;
    context = api().clCreateContext(nullptr, 1, &device, nullptr, nullptr, &code);
    check(code, "clCreateContext");
    queue = api().clCreateCommandQueue(context, device, 0, &code);
    check(code, "clCreateCommandQueue");
    uploads = api().clCreateCommandQueue(context, device, 0, &code);
    check(code, "clCreateCommandQueue");
    own.source = ownSource;
  }

  ~OpenClDevice() override {
    api().clFinish(queue);
    api().clFinish(uploads);
    for (cl_event event : ahead)
      api().clReleaseEvent(event);
    for (auto &[name, kernel] : kernels)
      api().clReleaseKernel(kernel);
    for (auto &[module, program] : programs)
      api().clReleaseProgram(program);
    for (auto &[address, allocation] : allocations)
      release(allocation);
    api().clReleaseCommandQueue(uploads);
    api().clReleaseCommandQueue(queue);
    api().clReleaseContext(context);
  }

  DeviceAddress allocate(int64_t bytes) override {
    const int64_t rounded = alignedBytes(bytes);
    cl_int code = rounded > largestBytes ? CL_INVALID_BUFFER_SIZE : CL_SUCCESS;
    cl_mem object = code ? nullptr : api().clCreateBuffer(context, CL_MEM_READ_WRITE, size_t(rounded), nullptr, &code);
    if (code == CL_SUCCESS) {
      Allocation &made = allocations[nextAddress];
      made = {object, rounded, {}};
      const DeviceAddress address = nextAddress;
      nextAddress += DeviceAddress(rounded) + (1 << 20); // A gap: what runs past the end is found out.
      const cl_int zero = 0;
      code = api().clEnqueueFillBuffer(queue, object, &zero, sizeof zero, 0, size_t(rounded), 0, nullptr, nullptr);
      if (code == CL_SUCCESS)
        return address;
      free(address);
    }
    int64_t taken = 0;
    for (auto &[address, allocation] : allocations)
      taken += allocation.bytes;
    throw Error(id + " (" + name + "): out of memory: " + mebibytes(rounded) + " more are needed, " + mebibytes(taken) +
                " are taken, and the device has " + mebibytes(memoryBytes) +
                (rounded > largestBytes ? ", at most " + mebibytes(largestBytes) + " in one piece" : ""));
  }

  void free(DeviceAddress address) override {
    auto found = allocations.find(address);
    if (found == allocations.end())
      return;
    api().clFinish(queue);
    release(found->second);
    allocations.erase(found);
  }

  void upload(DeviceAddress to, const void *from, int64_t bytes) override {
    auto [object, offset] = whole(to, bytes);
    check(api().clEnqueueWriteBuffer(queue, object, CL_TRUE, offset, size_t(bytes), from, 0, nullptr, nullptr),
          "clEnqueueWriteBuffer");
  }

  void uploadAhead(DeviceAddress to, const void *from, int64_t bytes) override {
    auto [object, offset] = whole(to, bytes);
    cl_event event = nullptr;
    check(api().clEnqueueWriteBuffer(uploads, object, CL_FALSE, offset, size_t(bytes), from, 0, nullptr, &event),
          "clEnqueueWriteBuffer");
    ahead.push_back(event);
    check(api().clFlush(uploads), "clFlush");
  }

  void joinUploads() override {
    if (ahead.empty())
      return;
    check(api().clEnqueueBarrierWithWaitList(queue, cl_uint(ahead.size()), ahead.data(), nullptr),
          "clEnqueueBarrierWithWaitList");
    for (cl_event event : ahead)
      api().clReleaseEvent(event);
    ahead.clear();
  }

  void download(void *to, DeviceAddress from, int64_t bytes) override {
    auto [object, offset] = whole(from, bytes);
    check(api().clEnqueueReadBuffer(queue, object, CL_TRUE, offset, size_t(bytes), to, 0, nullptr, nullptr),
          "clEnqueueReadBuffer");
  }

  void copy(DeviceAddress to, DeviceAddress from, int64_t bytes) override {
    auto [target, targetOffset] = whole(to, bytes);
    auto [source, sourceOffset] = whole(from, bytes);
    check(api().clEnqueueCopyBuffer(queue, source, target, sourceOffset, targetOffset, size_t(bytes), 0, nullptr, nullptr),
          "clEnqueueCopyBuffer");
  }

  void fillZero(DeviceAddress to, int64_t bytes) override {
    auto [object, offset] = whole(to, bytes);
    const cl_int zero = 0;
    check(api().clEnqueueFillBuffer(queue, object, &zero, sizeof zero, offset, size_t(bytes), 0, nullptr, nullptr),
          "clEnqueueFillBuffer");
  }

  void wait() override { check(api().clFinish(queue), "clFinish"); }

  void add(DeviceAddress sum, DeviceAddress terms, int64_t count) override {
    runOwn("fovea_add", count, {sum, count * 4, nullptr}, {terms, count * 4, nullptr});
  }

  void zeroAt(DeviceAddress floats, DeviceAddress indices, int64_t count) override {
    auto [allocation, offset] = find(floats, 4);
    runOwn("fovea_zero_at", count, {floats, allocation->bytes - int64_t(offset), nullptr}, {indices, count * 4, nullptr});
  }

private:
  struct Allocation {
    cl_mem object;
    int64_t bytes;
    std::map<std::pair<size_t, int64_t>, cl_mem> parts; ///< Sub-buffers by offset and size.
  };

  cl_device_id device;
  cl_context context = nullptr;
  cl_command_queue queue = nullptr, uploads = nullptr;
  std::vector<cl_event> ahead; ///< of uploads that nothing has joined yet
  int64_t largestBytes = 0;
  std::map<DeviceAddress, Allocation> allocations;
  DeviceAddress nextAddress = 1 << 20;
  std::map<const DeviceModule *, cl_program> programs;
  std::map<std::pair<const DeviceModule *, const char *>, cl_kernel> kernels; ///< The name lives as long as the module.
  DeviceModule own;

  template <typename Value> Value info(cl_device_info what) {
    Value value{};
    check(api().clGetDeviceInfo(device, what, sizeof value, &value, nullptr), "clGetDeviceInfo");
    return value;
  }

  std::string text(cl_device_info what) {
    size_t size = 0;
    check(api().clGetDeviceInfo(device, what, 0, nullptr, &size), "clGetDeviceInfo");
    std::string value(size, 0);
    check(api().clGetDeviceInfo(device, what, size, value.data(), nullptr), "clGetDeviceInfo");
    return value.c_str();
  }

  void check(cl_int code, const std::string &what) const {
    if (code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_RESOURCES)
      throw Error(id + " (" + name + "): out of memory in " + what);
    if (code != CL_SUCCESS)
      throw Error(id + " (" + name + "): " + what + " failed with code " + std::to_string(code));
  }

  static void release(Allocation &allocation) {
    for (auto &[place, part] : allocation.parts)
      api().clReleaseMemObject(part);
    api().clReleaseMemObject(allocation.object);
  }

  /// The allocation that holds these bytes, and where in it they begin.
  std::pair<Allocation *, size_t> find(DeviceAddress address, int64_t bytes) {
    auto after = allocations.upper_bound(address);
    if (after != allocations.begin()) {
      auto &[begin, allocation] = *std::prev(after);
      const auto offset = int64_t(address - begin);
      if (offset + bytes <= allocation.bytes)
        return {&allocation, size_t(offset)};
    }
    throw Error(id + ": internal error: " + std::to_string(bytes) + " bytes outside of every allocation");
  }

  std::pair<cl_mem, size_t> whole(DeviceAddress address, int64_t bytes) {
    auto [allocation, offset] = find(address, bytes);
    return {allocation->object, offset};
  }

  cl_mem part(DeviceAddress address, int64_t bytes) {
    auto [allocation, offset] = find(address, bytes);
    if (offset == 0)
      return allocation->object;
    cl_mem &made = allocation->parts[{offset, bytes}];
    if (!made) {
      const cl_buffer_region region{offset, size_t(bytes)};
      cl_int code = CL_SUCCESS;
      made = api().clCreateSubBuffer(allocation->object, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
      check(code, "clCreateSubBuffer");
    }
    return made;
  }

  cl_program translate(const DeviceModule &module) {
    const char *source = module.source.c_str();
    cl_int code = CL_SUCCESS;
    cl_program program = api().clCreateProgramWithSource(context, 1, &source, nullptr, &code);
    check(code, "clCreateProgramWithSource");
    code = api().clBuildProgram(program, 1, &device, "", nullptr, nullptr);
    if (code == CL_BUILD_PROGRAM_FAILURE) {
      size_t size = 0;
      api().clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size);
      std::string log(size, 0);
      api().clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, size, log.data(), nullptr);
      throw Error(id + " (" + name + "): the driver refuses a kernel: " + log.substr(0, log.find('\n')));
    }
    check(code, "clBuildProgram");
    return program;
  }

  /// Found by name the first time alone.
  cl_kernel kernelOf(const DeviceModule &module, const char *entry) {
    cl_kernel &kernel = kernels[{&module, entry}];
    if (!kernel) {
      cl_program &program = programs[&module];
      if (!program)
        program = translate(module);
      cl_int code = CL_SUCCESS;
      kernel = api().clCreateKernel(program, entry, &code);
      check(code, "clCreateKernel");
    }
    return kernel;
  }

  void enqueue(const DeviceLaunch &launch) override {
    cl_kernel kernel = kernelOf(*launch.module, launch.entry);
    cl_uint index = 0;
    for (const DeviceLaunch::Argument &argument : launch.arguments) {
      if (argument.scalar) {
        check(api().clSetKernelArg(kernel, index++, size_t(argument.bytes), argument.scalar), "clSetKernelArg");
        continue;
      }
      cl_mem object = part(argument.address, argument.bytes);
      check(api().clSetKernelArg(kernel, index++, sizeof object, &object), "clSetKernelArg");
    }
    if (launch.module != &own) // Halide's kernels end in one for shared memory, which may not be empty.
      check(api().clSetKernelArg(kernel, index, std::max(1u, launch.sharedBytes), nullptr), "clSetKernelArg");
    size_t global[3], local[3];
    for (int axis = 0; axis < 3; ++axis) {
      local[axis] = launch.block[axis];
      global[axis] = size_t(launch.grid[axis]) * launch.block[axis];
    }
    check(api().clEnqueueNDRangeKernel(queue, kernel, 3, nullptr, global, local, 0, nullptr, nullptr),
          "clEnqueueNDRangeKernel");
  }

  void runOwn(const char *entry, int64_t count, DeviceLaunch::Argument first, DeviceLaunch::Argument second) {
    constexpr unsigned threads = 128; // Of a group, as most of Halide's kernels have.
    const auto groups = unsigned((count + threads - 1) / threads);
    if (count)
      enqueue({&own, entry, {groups, 1, 1}, {threads, 1, 1}, 0, {first, second, {0, sizeof count, &count}}});
  }
};

std::shared_ptr<Device> openOpenCl(int index) {
  if (!api().problem.empty())
    throw Error(api().problem);
  const auto count = int(api().devices.size());
  if (index >= count)
    throw Error(noSuchDevice("opencl", "OpenCL", index, count));
  return std::make_shared<OpenClDevice>(index, api().devices[size_t(index)]);
}

bool hasOpenClGpu() {
  cl_device_type type = 0;
  return !api().devices.empty() &&
         api().clGetDeviceInfo(api().devices[0], CL_DEVICE_TYPE, sizeof type, &type, nullptr) == CL_SUCCESS &&
         type & CL_DEVICE_TYPE_GPU;
}

int countOpenCl() { return int(api().devices.size()); }

} // namespace

extern "C" const DeviceBackend fovea_opencl_backend = {"opencl", openOpenCl, countOpenCl, hasOpenClGpu};

} // namespace fovea
