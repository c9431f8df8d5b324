#include "codegen/LoadedKernel.h"

#include "codegen/BufferDims.h"
#include "codegen/EmitKernel.h"
#include "runtime/Memory.h"
#include "runtime/ProgramAbi.h"
#include "runtime/device/Device.h"

#include <HalideRuntime.h>

#include <bit>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <new>
#include <stdexcept>
#include <utility>

namespace fovea {

namespace {

constexpr int mostArguments = 12;

template <size_t... Index> int call(void *function, halide_buffer_t *const *buffers, std::index_sequence<Index...>) {
  using Function = int (*)(decltype((void)Index, (halide_buffer_t *)nullptr)...);
  return reinterpret_cast<Function>(function)(buffers[Index]...);
}

template <size_t Count = 1> int callWith(void *function, const std::vector<halide_buffer_t *> &buffers) {
  if (buffers.size() == Count)
    return call(function, buffers.data(), std::make_index_sequence<Count>());
  if constexpr (Count < mostArguments)
    return callWith<Count + 1>(function, buffers);
  throw std::runtime_error("a kernel with more than 12 arguments");
}

struct TemporaryFolder {
  std::string path = (std::filesystem::temp_directory_path() / "fovea-kernel-XXXXXX").string();
  TemporaryFolder() {
    if (!mkdtemp(path.data()))
      throw std::runtime_error("cannot create " + path);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

} // namespace

KernelMemory::KernelMemory(const TensorSpec &spec)
    : block(allocateAligned(physicalBytes(spec) + 64)) {
  if (!block)
    throw std::bad_alloc();
  std::memset(block, 0, physicalBytes(spec));
  const int64_t count = physicalElements(spec);
  for (int64_t index = 0; index < count; ++index) {
    const float value = 0.05f + float(index * 7919 % 2003) / 2003;
    if (spec.element == ElementType::F32)
      static_cast<float *>(block)[index] = value;
    else if (spec.element == ElementType::BF16)
      static_cast<uint16_t *>(block)[index] = uint16_t(std::bit_cast<uint32_t>(value) >> 16);
  }
}

KernelMemory::~KernelMemory() { std::free(block); }

KernelMemory::KernelMemory(KernelMemory &&other) noexcept : block(std::exchange(other.block, nullptr)) {}

struct LoadedKernel::Buffers {
  std::vector<std::vector<halide_dimension_t>> dims;
  std::vector<halide_buffer_t> buffers;
  std::vector<halide_buffer_t *> pointers;

  void add(const TensorSpec &spec) {
    auto &own = dims.emplace_back();
    for (const BufferDim &dim : bufferDims(spec))
      own.emplace_back(0, int32_t(dim.extent), int32_t(dim.stride));
    halide_buffer_t &buffer = buffers.emplace_back();
    const BufferType type = bufferType(spec.element);
    buffer.type = halide_type_t(halide_type_code_t(type.code), uint8_t(type.bits));
    buffer.dimensions = int32_t(own.size());
  }
};

LoadedKernel::LoadedKernel(const KernelSpec &kernel, const TargetInfo &target, const Autoscheduler &autoscheduler,
                           Device *device)
    : buffers(new Buffers), device(device) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string object = emitKernel(kernel, "fovea_kernel", target, EmitFormat::Object, autoscheduler);
  secondsToCompile = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  TemporaryFolder folder;
  const std::string objectPath = folder.path + "/kernel.o", libraryPath = folder.path + "/kernel.so";
  std::ofstream(objectPath, std::ios::binary) << object;
  const std::string command = "${CXX:-c++} -shared -o " + libraryPath + " " + objectPath;
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("cannot link a kernel: " + command);
  library = dlopen(libraryPath.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw std::runtime_error(std::string("cannot load a kernel: ") + dlerror());
  function = dlsym(library, "fovea_kernel");

  for (const TensorSpec &input : kernel.inputs)
    buffers->add(input);
  for (const TensorSpec &result : kernel.ops.back().results)
    buffers->add(result);
  for (size_t index = 0; index < buffers->buffers.size(); ++index) {
    buffers->buffers[index].dim = buffers->dims[index].data();
    buffers->pointers.push_back(&buffers->buffers[index]);
  }
}

LoadedKernel::~LoadedKernel() {
  if (library)
    dlclose(library);
}

int LoadedKernel::runOnDevice(const std::vector<void *> &memory) const {
  struct Copy {
    DeviceAddress address = 0;
    int64_t bytes = 0;
  };
  std::map<void *, Copy> copies; ///< By the host's memory.
  for (size_t index = 0; index < memory.size(); ++index) {
    halide_buffer_t &buffer = buffers->buffers[index];
    Copy &copy = copies[memory[index]];
    if (!copy.address) {
      copy.bytes = int64_t(buffer.size_in_bytes());
      copy.address = device->allocate(copy.bytes);
      device->upload(copy.address, memory[index], copy.bytes);
    }
    buffer.device = copy.address;
  }
  struct Call {
    void *function;
    const std::vector<halide_buffer_t *> &pointers;
  } call{function, buffers->pointers};
  // With a profile the launches are made one by one: a graph would hold this call's addresses.
  void *slots[FOVEA_SLOT_PROFILE + 1] = {&call};
  slots[FOVEA_SLOT_PROFILE] = &call;
  const int code = device->run(
      [](void *const *slots) {
        auto *call = static_cast<Call *>(slots[0]);
        return callWith(call->function, call->pointers);
      },
      slots);
  device->check();
  for (auto [memory, copy] : copies) {
    device->download(memory, copy.address, copy.bytes);
    device->free(copy.address);
  }
  return code;
}

int LoadedKernel::operator()(const std::vector<void *> &memory) const {
  if (device)
    return runOnDevice(memory);
  for (size_t index = 0; index < memory.size(); ++index)
    buffers->buffers[index].host = static_cast<uint8_t *>(memory[index]);
  return callWith(function, buffers->pointers);
}

} // namespace fovea
