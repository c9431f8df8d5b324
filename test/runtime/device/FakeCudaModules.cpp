// Modules, functions and launches of the stand-in for NVIDIA's driver.
#include "FakeCuda.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace {

size_t bytesOfType(const std::string &type) {
  static const std::map<std::string, size_t> sizes = {{"8", 1}, {"16", 2}, {"32", 4}, {"64", 8}};
  auto found = sizes.find(type.substr(2)); // ".u64"
  if (found == sizes.end())
    violation("a parameter of type " + type);
  return found->second;
}

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

/// The entries of a module with their parameters.
void readEntries(const std::string &text, CUmodule module, bool isLimited) {
  static const std::string directive = ".entry ";
  for (size_t at = text.find(directive); at != std::string::npos; at = text.find(directive, at + 1)) {
    const size_t open = text.find('(', at), close = text.find(')', open);
    std::string name = text.substr(at + directive.size(), open - at - directive.size());
    CUfunc_st function{module, name, {}, isLimited};
    std::istringstream list(text.substr(open + 1, close - open - 1));
    for (std::string parameter; std::getline(list, parameter, ',');) {
      std::istringstream words(parameter);
      std::string space, type;
      words >> space >> type;
      if (space != ".param")
        violation("an entry's parameter that begins with " + space);
      function.parameters.push_back({bytesOfType(type), parameter.find(".ptr") != std::string::npos});
    }
    module->functions.emplace(name, std::move(function));
  }
}

} // namespace

extern "C" {

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int count, CUjit_option *options,
                            void **values) {
  needContext(__func__);
  if (spoilsCapture())
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  const std::string text = static_cast<const char *>(image);
  char *log = nullptr;
  size_t logBytes = 0;
  bool limited = false;
  for (unsigned index = 0; index < count; ++index)
    if (options[index] == CU_JIT_ERROR_LOG_BUFFER)
      log = static_cast<char *>(values[index]);
    else if (options[index] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
      logBytes = size_t(values[index]);
    else if (options[index] == CU_JIT_MAX_REGISTERS)
      limited = true;
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
  readEntries(text, made.get(), limited);
  *module = made.release();
  driver().modules.insert(*module);
  ++driver().counts[limited ? "limited_modules" : "modules"];
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) {
  return destroy(driver().modules, module, __func__);
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  needContext(__func__);
  needLive(driver().modules, module, __func__);
  auto found = module->functions.find(name);
  if (found == module->functions.end())
    return CUDA_ERROR_NOT_FOUND;
  *function = &found->second;
  return CUDA_SUCCESS;
}

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function) {
  needContext(__func__);
  needLive(driver().modules, function->module, __func__);
  const bool few = driver().fewRegisters && !function->isLimited;
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    *value = few ? 1 : 1024;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    *value = 0;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_NUM_REGS:
    *value = few ? 255 : 32;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    *value = function->dynamicShared;
    return CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  needContext(__func__);
  needLive(driver().modules, function->module, __func__);
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 || value > 227 << 10)
    return CUDA_ERROR_INVALID_VALUE;
  function->dynamicShared = value;
  return CUDA_SUCCESS;
}

CUresult cuLaunchKernel(CUfunction function, unsigned int gridX, unsigned int gridY, unsigned int gridZ,
                        unsigned int blockX, unsigned int blockY, unsigned int blockZ, unsigned int sharedBytes,
                        CUstream stream, void **arguments, void **extra) {
  needContext(__func__);
  needLive(driver().modules, function->module, __func__);
  if (driver().failingLaunch)
    return CUresult(719);
  if (!gridX || !gridY || !gridZ || gridX > 0x7fffffff || gridY > 65535 || gridZ > 65535 || !blockX || !blockY ||
      !blockZ || blockX > 1024 || blockY > 1024 || blockZ > 64 || extra || int(sharedBytes) > function->dynamicShared)
    return CUDA_ERROR_INVALID_VALUE;
  if (blockX * blockY * blockZ > (driver().fewRegisters && !function->isLimited ? 1u : 1024u))
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  std::vector<CUdeviceptr> pointers;
  for (size_t index = 0; index < function->parameters.size(); ++index) {
    const auto &parameter = function->parameters[index];
    if (!arguments[index])
      violation(function->name + ": argument " + std::to_string(index) + " is missing");
    if (parameter.isPointer) {
      CUdeviceptr address;
      std::memcpy(&address, arguments[index], sizeof address);
      driver().memoryAt(address, 1, function->name + ": argument " + std::to_string(index));
      pointers.push_back(address);
    }
  }
  ++driver().counts[stream->capturing ? "captured_launches" : "launches"];
  const std::string name = function->name;
  return submit(stream, {[=] {
                  needLive(driver().modules, function->module, "a launch");
                  for (CUdeviceptr address : pointers)
                    driver().memoryAt(address, 1, name + ", when it runs");
                }},
                __func__);
}
}
