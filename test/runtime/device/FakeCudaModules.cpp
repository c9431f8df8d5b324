// Modules, functions and launches of the stand-in for NVIDIA's driver.
#include "FakeCuda.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace {

constexpr unsigned mostShared = 48 << 10; ///< bytes of a block, for who asks for no more

/// "sum, sm_80" behind `directive`.
std::string wordAfter(const std::string &text, const std::string &directive) {
  const size_t at = text.find(directive);
  if (at == std::string::npos)
    return "";
  std::istringstream rest(text.substr(at + directive.size()));
  std::string word;
  rest >> word;
  return word;
}

/// A module that the driver would take, or would not: the text is this project's.
void readEntries(const std::string &text, CUmodule module) {
  try {
    const ptx::Module parsed = ptx::parse(text);
    for (const ptx::Entry &entry : parsed.entries)
      module->functions.emplace(entry.name, CUfunc_st{module, ptx::decode(parsed, entry)});
  } catch (const ptx::Fault &fault) {
    violation(std::string("a module: ") + fault.what());
  }
}

} // namespace

extern "C" {

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int count, CUjit_option *options,
                            void **values) {
  const auto lock = needContext(__func__);
  if (spoilsCapture())
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  const std::string text = static_cast<const char *>(image);
  char *log = nullptr;
  size_t logBytes = 0;
  for (unsigned index = 0; index < count; ++index)
    if (options[index] == CU_JIT_ERROR_LOG_BUFFER)
      log = static_cast<char *>(values[index]);
    else if (options[index] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
      logBytes = size_t(values[index]);
    else
      return CUDA_ERROR_INVALID_VALUE;
  const auto refuse = [&](const char *why) {
    if (log)
      std::snprintf(log, logBytes, "ptxas application ptx input, line 6; fatal   : %s\nmore\n", why);
    return CUDA_ERROR_INVALID_PTX;
  };
  const std::string version = wordAfter(text, ".version "), target = wordAfter(text, ".target ");
  if (version.empty() || target.rfind("sm_", 0) != 0 || wordAfter(text, ".address_size ") != "64")
    return refuse("it is not PTX");
  if (std::atof(version.c_str()) > (driver().oldDriver ? 6.5 : 8.4))
    return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
  if (std::atoi(target.c_str() + 3) > (driver().oldDevice ? 75 : 90))
    return refuse("SM version specified by .target is higher than default SM version assumed");
  if (driver().refusedKernel)
    return refuse("Unresolved extern function 'other'");
  auto made = std::make_unique<CUmod_st>();
  readEntries(text, made.get());
  *module = made.release();
  driver().modules.insert(*module);
  ++driver().counts["modules"];
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) { return destroy(driver().modules, module, __func__); }

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  const auto lock = needContext(__func__);
  needLive(driver().modules, module, __func__);
  auto found = module->functions.find(name);
  if (found == module->functions.end())
    return CUDA_ERROR_NOT_FOUND;
  *function = &found->second;
  return CUDA_SUCCESS;
}

CUresult cuLaunchKernel(CUfunction function, unsigned int gridX, unsigned int gridY, unsigned int gridZ,
                        unsigned int blockX, unsigned int blockY, unsigned int blockZ, unsigned int sharedBytes,
                        CUstream stream, void **arguments, void **extra) {
  const auto lock = needContext(__func__);
  needLive(driver().modules, function->module, __func__);
  if (driver().failingLaunch)
    return CUresult(719);
  if (!gridX || !gridY || !gridZ || gridX > 0x7fffffff || gridY > 65535 || gridZ > 65535 || !blockX || !blockY ||
      !blockZ || blockX > 1024 || blockY > 1024 || blockZ > 64 || extra || sharedBytes > mostShared)
    return CUDA_ERROR_INVALID_VALUE;
  if (blockX * blockY * blockZ > (driver().fewRegisters ? 1u : 1024u))
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  const ptx::Entry &entry = function->kernel.entry;
  ptx::Launch launch{&function->kernel, {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes};
  std::vector<CUdeviceptr> pointers;
  for (size_t index = 0; index < entry.parameters.size(); ++index) {
    if (!arguments[index])
      violation(entry.name + ": argument " + std::to_string(index) + " is missing");
    std::memcpy(&launch.arguments.emplace_back(0), arguments[index], entry.parameters[index].bytes);
    if (entry.parameters[index].isPointer) {
      pointers.push_back(launch.arguments.back());
      driver().memoryAt(pointers.back(), 1, entry.name + ": argument " + std::to_string(index));
    }
  }
  ++driver().counts[stream->capturing ? "captured_launches" : "launches"];
  return submit(stream, {[=] {
                  needLive(driver().modules, function->module, "a launch");
                  for (CUdeviceptr address : pointers)
                    driver().memoryAt(address, 1, function->kernel.entry.name + ", when it runs");
                  if (driver().idle)
                    return;
                  try {
                    ptx::run(launch, driver().memoryOfKernels());
                  } catch (const ptx::Fault &fault) {
                    violation(fault.what());
                  }
                }},
                __func__);
}
}
