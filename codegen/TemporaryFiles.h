// Files on their way from one tool to the next.
#pragma once

#include <string>
#include <vector>

namespace fovea {

/// Temporary files, gone with the object and when the process is interrupted.
class TemporaryFiles {
public:
  TemporaryFiles() = default;
  TemporaryFiles(const TemporaryFiles &) = delete;
  TemporaryFiles &operator=(const TemporaryFiles &) = delete;
  ~TemporaryFiles();

  /// Writes a file of this extension ("o") and returns its path. Throws std::runtime_error.
  std::string write(const std::string &extension, const std::string &bytes);

private:
  std::vector<std::string> paths;
};

} // namespace fovea
