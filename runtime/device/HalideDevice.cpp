// What the code calls that Halide generates for kernels on devices: the interface of Halide's own runtime, which is not
// linked. Its runtime looks each kernel up at each launch and asks the driver for memory; this one does neither.
#include "runtime/HalideBuffer.h"
#include "runtime/device/Device.h"

#include <algorithm>
#include <mutex>

namespace {

using Buffer = fovea::HalideBuffer;

/// From the first element to the last.
int64_t bytesOf(const Buffer &buffer) {
  int64_t elements = 1;
  for (int32_t index = 0; index < buffer.dimensions; ++index)
    elements += int64_t(buffer.dim[index].extent - 1) * buffer.dim[index].stride;
  return elements * ((buffer.bits + 7) / 8);
}

int initialize(void **state, const char *source, int size) {
  static std::mutex mutex; // Devices that train together have a thread each.
  std::lock_guard lock(mutex);
  if (!*state) // Text, with a zero at its end.
    *state = new fovea::DeviceModule{std::string(source, size_t(size > 0 && source[size - 1] == 0 ? size - 1 : size))};
  return 0;
}

int run(void *state, const char *entry, const int (&grid)[3], const int (&block)[3], int sharedBytes, size_t sizes[],
        void *values[], int8_t isBuffer[]) {
  fovea::DeviceLaunch launch{static_cast<fovea::DeviceModule *>(state), entry, {}, {}, unsigned(sharedBytes), {}};
  std::copy_n(grid, 3, launch.grid);
  std::copy_n(block, 3, launch.block);
  for (int index = 0; sizes[index]; ++index)
    if (isBuffer[index]) {
      const auto &buffer = *static_cast<Buffer *>(values[index]);
      launch.arguments.push_back({buffer.device, bytesOf(buffer), nullptr});
    } else {
      launch.arguments.push_back({0, int64_t(sizes[index]), values[index]});
    }
  return fovea::Device::current()->launch(launch);
}

/// Never read: all that is asked of an interface comes here.
constexpr char anyInterface = 0;

} // namespace

extern "C" {

const void *halide_cuda_device_interface() { return &anyInterface; }
const void *halide_opencl_device_interface() { return &anyInterface; }

int halide_cuda_initialize_kernels(void *, void **state, const char *source, int size) {
  return initialize(state, source, size);
}
int halide_opencl_initialize_kernels(void *, void **state, const char *source, int size) {
  return initialize(state, source, size);
}
void halide_cuda_finalize_kernels(void *, void *) {}
void halide_opencl_finalize_kernels(void *, void *) {}

int halide_cuda_run(void *, void *state, const char *entry, int gridX, int gridY, int gridZ, int blockX, int blockY,
                    int blockZ, int sharedBytes, size_t sizes[], void *values[], int8_t isBuffer[]) {
  return run(state, entry, {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes, sizes, values, isBuffer);
}
int halide_opencl_run(void *, void *state, const char *entry, int gridX, int gridY, int gridZ, int blockX, int blockY,
                      int blockZ, int sharedBytes, size_t sizes[], void *values[], int8_t isBuffer[]) {
  return run(state, entry, {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes, sizes, values, isBuffer);
}

int halide_device_malloc(void *, Buffer *buffer, const void *) {
  if (!buffer->device)
    buffer->device = fovea::Device::current()->takeScratch(bytesOf(*buffer));
  return buffer->device ? 0 : -11;
}
int halide_device_free(void *, Buffer *buffer) {
  if (buffer->device)
    fovea::Device::current()->returnScratch(buffer->device);
  buffer->device = 0;
  return 0;
}
void halide_device_free_as_destructor(void *context, void *buffer) {
  halide_device_free(context, static_cast<Buffer *>(buffer));
}

/// All tensors live on the device.
int halide_copy_to_device(void *, Buffer *buffer, const void *) { return buffer->device ? 0 : -1; }
}
