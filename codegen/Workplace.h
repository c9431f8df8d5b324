// A folder for files on their way from one tool to the next.
#pragma once

#include "llvm/ADT/SmallString.h"

#include <string>

namespace fovea {

/// A temporary folder of its own, gone with the object. Problems are thrown as std::runtime_error.
class Workplace {
public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace &) = delete;
  Workplace &operator=(const Workplace &) = delete;

  /// The path of a file here, there or not.
  std::string file(const std::string &name) const;

  /// Writes the file and returns its path.
  std::string write(const std::string &name, const std::string &bytes) const;

  std::string read(const std::string &name) const;

private:
  llvm::SmallString<128> folder;
};

} // namespace fovea
