#include "runtime/device/CudaDriver.h"

#include <dlfcn.h>

namespace fovea {
namespace {

/// The first that translates the version of PTX that Halide writes, 7.0.
constexpr int leastDriver = 11000;

/// "12.4" of 12040.
std::string versionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

} // namespace

std::string capabilityText(int capability) {
  return std::to_string(capability / 10) + "." + std::to_string(capability % 10);
}

CudaDriver::CudaDriver() {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    problem = "there is no CUDA on this machine (libcuda.so.1): install NVIDIA's driver, or compile the network for a "
              "CPU";
    return;
  }
#define X(name)                                                                                                        \
  if (!(name = reinterpret_cast<decltype(&::name)>(dlsym(library, #name))))                                            \
    problem = "NVIDIA's driver is too old: libcuda.so.1 has no " #name;
  FOVEA_CUDA_FUNCTIONS(X)
#undef X
#define X(name) hasGraphs &= (name = reinterpret_cast<decltype(&::name)>(dlsym(library, #name))) != nullptr;
  FOVEA_CUDA_GRAPH_FUNCTIONS(X)
#undef X
  if (problem.empty())
    start();
}

void CudaDriver::start() {
  int version = 0;
  const CUresult code = cuInit(0);
  if (code != CUDA_SUCCESS && code != CUDA_ERROR_NO_DEVICE)
    problem = "NVIDIA's driver does not start: " + text(code);
  else if (code == CUDA_ERROR_NO_DEVICE || cuDeviceGetCount(&devices) != CUDA_SUCCESS || devices == 0)
    problem = "NVIDIA's driver finds no GPU on this machine: is one built in, and visible (CUDA_VISIBLE_DEVICES)?";
  else if (cuDriverGetVersion(&version) == CUDA_SUCCESS && version < leastDriver)
    problem = "NVIDIA's driver is too old: it knows CUDA " + versionText(version) + ", and programs need " +
              versionText(leastDriver) + " or newer; install a newer driver";
}

std::string CudaDriver::text(CUresult code) const {
  const char *words = nullptr, *label = nullptr;
  if (cuGetErrorString(code, &words) != CUDA_SUCCESS || cuGetErrorName(code, &label) != CUDA_SUCCESS)
    return "error " + std::to_string(code);
  return std::string(words) + " (" + label + ")";
}

int CudaDriver::capabilityOf(CUdevice device) const {
  int major = 0, minor = 0;
  cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device);
  cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
  return 10 * major + minor;
}

const CudaDriver &cudaDriver() {
  static const CudaDriver opened;
  return opened;
}

const char *const cudaOwnSource = R"(
.version 7.0
.target sm_80
.address_size 64

.visible .entry fovea_add(.param .u64 .ptr .align 4 sum, .param .u64 .ptr .align 4 terms, .param .u64 count)
{
	.reg .pred %p;
	.reg .b32 %block, %size, %thread;
	.reg .b64 %i, %n, %at, %a, %b;
	.reg .f32 %x, %y;
	mov.u32 %block, %ctaid.x;
	mov.u32 %size, %ntid.x;
	mov.u32 %thread, %tid.x;
	mul.wide.u32 %i, %block, %size;
	cvt.u64.u32 %at, %thread;
	add.u64 %i, %i, %at;
	ld.param.u64 %n, [count];
	setp.ge.u64 %p, %i, %n;
	@%p ret;
	ld.param.u64 %a, [sum];
	cvta.to.global.u64 %a, %a;
	ld.param.u64 %b, [terms];
	cvta.to.global.u64 %b, %b;
	shl.b64 %at, %i, 2;
	add.u64 %a, %a, %at;
	add.u64 %b, %b, %at;
	ld.global.f32 %x, [%a];
	ld.global.f32 %y, [%b];
	add.rn.f32 %x, %x, %y;
	st.global.f32 [%a], %x;
	ret;
}

.visible .entry fovea_zero_at(.param .u64 .ptr .align 4 floats, .param .u64 .ptr .align 4 indices, .param .u64 count)
{
	.reg .pred %p;
	.reg .b32 %block, %size, %thread, %index;
	.reg .b64 %i, %n, %at, %a, %b;
	mov.u32 %block, %ctaid.x;
	mov.u32 %size, %ntid.x;
	mov.u32 %thread, %tid.x;
	mul.wide.u32 %i, %block, %size;
	cvt.u64.u32 %at, %thread;
	add.u64 %i, %i, %at;
	ld.param.u64 %n, [count];
	setp.ge.u64 %p, %i, %n;
	@%p ret;
	ld.param.u64 %a, [floats];
	cvta.to.global.u64 %a, %a;
	ld.param.u64 %b, [indices];
	cvta.to.global.u64 %b, %b;
	shl.b64 %at, %i, 2;
	add.u64 %b, %b, %at;
	ld.global.b32 %index, [%b];
	mul.wide.s32 %at, %index, 4;
	add.s64 %a, %a, %at;
	mov.b32 %index, 0;
	st.global.b32 [%a], %index;
	ret;
}
)";

} // namespace fovea
