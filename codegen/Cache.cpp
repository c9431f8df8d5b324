#include "codegen/Cache.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

namespace fovea {

namespace {

constexpr llvm::StringLiteral magic = "fovea object 1\n";
constexpr size_t checksumBytes = 64;

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

} // namespace

std::string sha256(std::string_view text) {
  llvm::SHA256 hash;
  hash.update(llvm::StringRef(text));
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

std::string Cache::defaultFolder() {
  if (std::string folder = environment("FOVEA_CACHE_DIR"); !folder.empty())
    return folder;
  if (std::string folder = environment("XDG_CACHE_HOME"); !folder.empty())
    return folder + "/fovea";
  if (std::string folder = environment("HOME"); !folder.empty())
    return folder + "/.cache/fovea";
  return "";
}

std::string Cache::path(const std::string &key) const { return folder + "/" + key.substr(0, 2) + "/" + key + ".o"; }

std::optional<std::string> Cache::load(const std::string &key) const {
  if (folder.empty())
    return std::nullopt;
  auto file = llvm::MemoryBuffer::getFile(path(key), /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return std::nullopt;
  llvm::StringRef text = (*file)->getBuffer();
  if (!text.consume_front(magic) || text.size() < checksumBytes)
    return std::nullopt;
  llvm::StringRef checksum = text.take_front(checksumBytes), object = text.drop_front(checksumBytes);
  if (sha256(object) != checksum)
    return std::nullopt;
  return object.str();
}

void Cache::store(const std::string &key, std::string_view object) {
  if (folder.empty())
    return;
  const std::string destination = path(key);
  auto complain = [&](const std::string &problem) {
    if (!complained)
      llvm::errs() << "fovea: warning: cannot keep compiled kernels in " << folder << ": " << problem << "\n";
    complained = true;
  };
  if (std::error_code code = llvm::sys::fs::create_directories(llvm::sys::path::parent_path(destination)))
    return complain(code.message());
  llvm::Expected<llvm::sys::fs::TempFile> file = llvm::sys::fs::TempFile::create(destination + ".%%%%%%%%");
  if (!file)
    return complain(llvm::toString(file.takeError()));
  llvm::raw_fd_ostream stream(file->FD, /*shouldClose=*/false);
  stream << magic << sha256(object) << object;
  stream.flush();
  if (stream.has_error()) {
    const std::string problem = stream.error().message();
    stream.clear_error();
    llvm::consumeError(file->discard());
    return complain(problem);
  }
  if (llvm::Error error = file->keep(destination))
    complain(llvm::toString(std::move(error)));
}

} // namespace fovea
