// Which of the targets that a program was compiled for runs on this CPU.
#pragma once

#include "runtime/CpuFeatures.h"
#include "runtime/ProgramAbi.h"

#include <string>
#include <vector>

namespace fovea {

/// The words of fovea_program::needs.
std::vector<std::string> neededFeatures(const fovea_program &program);

/// The names of all targets, the highest first.
std::vector<std::string> targetNames(const fovea_program &first);

/// What --device says: "cpu", "cuda", "opencl" or nothing, and a device's number.
struct DeviceChoice {
  std::string api;
  int index = 0;
};

/// Throws Error for anything else.
DeviceChoice readDevice(const std::string &text);

/// "cuda:0" of "cuda:0,cuda:1", what --devices says.
std::string firstDevice(const std::string &devices);

/// The numbers of "cuda:0,cuda:1". Throws Error unless all are of one API and each is named once.
std::vector<int> readDevices(const std::string &text);

/// The first target whose needs are all supported, or the one that `forced` names when that is not null or empty; of
/// those on `api` ("cpu", "cuda" or "opencl") alone when that is not empty. Unless it is asked for, one that needs a device
/// is chosen where there is a GPU, or where the program has no other. Throws Error that says what the CPU lacks, or which
/// names there are.
const fovea_program &chooseTarget(const fovea_program &first, const char *forced, const std::string &api = "",
                                  bool (*supports)(std::string_view) = cpuSupports);

} // namespace fovea
