#include "codegen/Workplace.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <stdexcept>

namespace fovea {

Workplace::Workplace() {
  if (std::error_code code = llvm::sys::fs::createUniqueDirectory("fovea", folder))
    throw std::runtime_error("cannot make a temporary folder: " + code.message());
}

Workplace::~Workplace() { llvm::sys::fs::remove_directories(folder); }

std::string Workplace::file(const std::string &name) const { return (folder + "/" + name).str(); }

std::string Workplace::write(const std::string &name, const std::string &bytes) const {
  const std::string path = file(name);
  std::error_code code;
  llvm::raw_fd_ostream stream(path, code);
  if (!code) {
    stream << bytes;
    stream.close();
    code = stream.error();
    stream.clear_error();
  }
  if (code)
    throw std::runtime_error(path + ": cannot write: " + code.message());
  return path;
}

std::string Workplace::read(const std::string &name) const {
  const std::string path = file(name);
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    throw std::runtime_error(path + ": cannot read: " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

} // namespace fovea
