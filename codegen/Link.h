// From objects to a program or a library.
#pragma once

#include <string>
#include <vector>

namespace fovea {

struct ObjectFile {
  std::string name; ///< "conv1.o"
  std::string bytes;
};

/// Links the objects with the runtime into the executable `output`, through the C++ compiler that `$CXX` names or that
/// is found on the path. The file appears whole or not at all. Throws std::runtime_error, with the linker's words when
/// it was the linker.
void linkExecutable(const std::vector<ObjectFile> &objects, const std::string &output);

/// Writes `<base>.a`, the objects and the runtime, and `<base>.h`, the C interface with `<symbol>_program`. Each file
/// appears whole or not at all.
void writeLibrary(const std::vector<ObjectFile> &objects, const std::string &base, const std::string &symbol,
                  const std::string &network);

} // namespace fovea
