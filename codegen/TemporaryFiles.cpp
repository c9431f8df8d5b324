#include "codegen/TemporaryFiles.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <stdexcept>

namespace fovea {

TemporaryFiles::~TemporaryFiles() {
  for (const std::string &path : paths) {
    llvm::sys::fs::remove(path);
    llvm::sys::DontRemoveFileOnSignal(path);
  }
}

std::string TemporaryFiles::write(const std::string &extension, const std::string &bytes) {
  llvm::SmallString<128> path;
  int descriptor = -1;
  std::error_code code = llvm::sys::fs::createTemporaryFile("fovea", extension, descriptor, path);
  if (code)
    throw std::runtime_error("cannot make a temporary file: " + code.message());
  paths.push_back(path.str().str());
  llvm::sys::RemoveFileOnSignal(path);
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << bytes;
  stream.close();
  if (stream.has_error()) {
    code = stream.error();
    stream.clear_error();
    throw std::runtime_error(paths.back() + ": cannot write: " + code.message());
  }
  return paths.back();
}

} // namespace fovea
