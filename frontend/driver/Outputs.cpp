#include "frontend/driver/Outputs.h"

#include "runtime/AtomicFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <stdexcept>
#include <unistd.h>

namespace fovea {

namespace fs = llvm::sys::fs;

void checkWritable(const std::string &path) {
  if (fs::is_directory(path))
    throw std::runtime_error(path + ": is a folder; name a file with -o");
  const llvm::StringRef parent = llvm::sys::path::parent_path(path);
  const std::string folder = parent.empty() ? "." : parent.str();
  if (!fs::is_directory(folder))
    throw std::runtime_error(path + ": cannot write: there is no folder " + folder);
  // What exists and is no regular file (a device, a pipe) is written in place.
  const bool inPlace = fs::exists(path) && !fs::is_regular_file(path);
  if (access(inPlace ? path.c_str() : folder.c_str(), W_OK) != 0)
    throw std::runtime_error(path + ": cannot write: " + std::strerror(errno));
}

void checkReplaceable(const std::string &path, const std::string &model) {
  checkWritable(path);
  if (fs::exists(path) && !fs::is_regular_file(path))
    throw std::runtime_error(path + ": is no regular file; name another with -o");
  bool same = false;
  if (!fs::equivalent(path, model, same) && same)
    throw std::runtime_error(path + ": would replace the model file; name another with -o");
}

void makeFolder(const std::string &path) {
  if (std::error_code code = fs::create_directories(path, /*IgnoreExisting=*/true, fs::perms::all_all))
    throw std::runtime_error(path + ": cannot make this folder: " + code.message());
  if (!fs::is_directory(path))
    throw std::runtime_error(path + ": is a file; a folder is needed here");
  if (access(path.c_str(), W_OK) != 0)
    throw std::runtime_error(path + ": cannot write: " + std::strerror(errno));
}

void writeText(const std::string &path, std::string_view text) {
  if (!path.empty() && path != "-")
    return writeFileAtomically(path, text);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    throw std::runtime_error("cannot write to standard output");
}

std::string stemOf(const std::string &path) { return llvm::sys::path::stem(path).str(); }

std::string identifierOf(const std::string &name) {
  std::string identifier;
  for (char c : name)
    identifier += llvm::isAlnum(c) ? c : '_';
  return identifier.empty() || llvm::isDigit(identifier[0]) ? "_" + identifier : identifier;
}

std::vector<std::string> kernelFileNames(const std::vector<PlannedKernel> &kernels) {
  std::vector<std::string> names;
  std::map<std::string, int> used;
  for (const PlannedKernel &kernel : kernels) {
    std::string name;
    for (char c : kernel.label) {
      if (llvm::isAlnum(c) || c == '_' || c == '+' || c == '.')
        name += c;
      else if (!name.empty() && name.back() != '-')
        name += '-';
    }
    const int number = ++used[name];
    names.push_back(number == 1 ? name : name + "-" + std::to_string(number));
  }
  return names;
}

} // namespace fovea
