#include "codegen/Link.h"

#include "codegen/BuildConfig.h"
#include "codegen/TemporaryFiles.h"
#include "ir/Versions.h"
#include "runtime/AtomicFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"

#include <cstdlib>
#include <stdexcept>

namespace fovea {

namespace {

namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// A file of the installation: `<folder of the compiler>/../lib/<name>`.
std::string installed(const std::string &name) {
  static int anchor;
  llvm::SmallString<256> file(fs::getMainExecutable("fovea", &anchor));
  path::remove_filename(file);
  path::append(file, "..", "lib", name);
  path::remove_dots(file, /*remove_dot_dot=*/true);
  if (!fs::exists(file))
    throw std::runtime_error(file.str().str() + ": not there, but programs are linked with it; build Fovea again");
  return file.str().str();
}

/// The words of the C++ compiler's command: `$CXX` may hold more than one.
std::vector<std::string> compilerCommand() {
  if (const char *given = std::getenv("CXX"); given && *given) {
    llvm::SmallVector<llvm::StringRef> words;
    llvm::SplitString(given, words);
    if (!words.empty()) {
      if (auto program = llvm::sys::findProgramByName(words[0])) {
        std::vector<std::string> command(words.begin(), words.end());
        command[0] = *program;
        return command;
      }
      throw std::runtime_error("cannot link: $CXX is " + std::string(given) + ", which is not on the path");
    }
  }
  for (const char *name : {"c++", "g++", "clang++"})
    if (auto program = llvm::sys::findProgramByName(name))
      return {*program};
  throw std::runtime_error("cannot link: there is no c++, g++ or clang++ on the path; install g++, or name a C++ "
                           "compiler in $CXX");
}

void run(const std::vector<std::string> &command, TemporaryFiles &files) {
  const std::string messages = files.write("txt", "");
  std::vector<llvm::StringRef> words(command.begin(), command.end());
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(""), llvm::StringRef(messages),
                                                llvm::StringRef(messages)};
  std::string problem;
  const int code = llvm::sys::ExecuteAndWait(command[0], words, std::nullopt, redirects, 0, 0, &problem);
  if (code == 0)
    return;
  if (auto text = llvm::MemoryBuffer::getFile(messages))
    problem += (*text)->getBuffer().rtrim();
  throw std::runtime_error("cannot link: " + command[0] + " failed:\n" + problem);
}

} // namespace

void linkExecutable(const std::vector<ObjectFile> &objects, const std::string &output) {
  // A symbolic link stays one: what it points to is replaced.
  llvm::SmallString<128> destination;
  if (fs::real_path(output, destination))
    destination = output;
  TemporaryFiles files;
  std::vector<std::string> command = compilerCommand();
  // Beside the destination, so that the last step is a rename.
  llvm::SmallString<128> temporary;
  if (std::error_code code = fs::createUniqueFile(destination + ".%%%%%%%%", temporary))
    throw std::runtime_error(output + ": cannot write: " + code.message());
  llvm::FileRemover remover(temporary);
  llvm::sys::RemoveFileOnSignal(temporary);
  command.insert(command.end(), {"-o", temporary.str().str()});
  for (const ObjectFile &object : objects)
    command.push_back(files.write("o", object.bytes));
  for (const char *archive : build::programArchives)
    command.push_back(installed(archive));
  llvm::SmallVector<llvm::StringRef> more;
  llvm::SplitString(build::linkFlags, more);
  command.insert(command.end(), more.begin(), more.end());
  command.insert(command.end(), {"-Wl,--gc-sections", "-s", "-static-libgcc", "-pthread", "-lm"});
  run(command, files);
  if (std::error_code code = fs::rename(temporary, destination))
    throw std::runtime_error(output + ": cannot write: " + code.message());
  llvm::sys::DontRemoveFileOnSignal(temporary);
  remover.releaseFile();
}

namespace {

/// The objects, and the members of the runtime.
std::string archiveOf(const std::vector<ObjectFile> &objects) {
  std::vector<llvm::NewArchiveMember> members;
  for (const ObjectFile &object : objects)
    members.emplace_back(llvm::MemoryBufferRef(object.bytes, object.name));
  const std::string runtime = installed(build::runtimeArchive);
  auto file = llvm::MemoryBuffer::getFile(runtime, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    throw std::runtime_error(runtime + ": cannot read: " + file.getError().message());
  auto check = [&](llvm::Error error) {
    if (error)
      throw std::runtime_error(runtime + ": " + llvm::toString(std::move(error)));
  };
  auto archive = llvm::object::Archive::create((*file)->getMemBufferRef());
  check(archive.takeError());
  llvm::Error error = llvm::Error::success();
  for (const llvm::object::Archive::Child &child : (*archive)->children(error)) {
    auto member = llvm::NewArchiveMember::getOldMember(child, /*Deterministic=*/true);
    check(member.takeError());
    members.push_back(std::move(*member));
  }
  check(std::move(error));
  auto written = llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NormalSymtab,
                                            llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false);
  check(written.takeError());
  return (*written)->getBuffer().str();
}

std::string headerOf(const std::string &archive, const std::string &symbol, const std::string &network) {
  std::string guard = "FOVEA_NETWORK_" + llvm::StringRef(symbol).upper() + "_H";
  std::string text = "/* " + network + ", compiled by Fovea " + versions::fovea + ": link with " + archive +
                     ", which holds the network and its runtime, by\n *\n *   cc main.c " + archive +
                     " -lstdc++ -lm -pthread        or        c++ main.cpp " + archive + " -lm -pthread\n */\n";
  text += "#ifndef " + guard + "\n#define " + guard + "\n\n";
  text += std::string(build::programAbiHeader) + "\n" + build::apiHeader;
  text += "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n/* " + network +
          ", for fovea_create. */\nextern const fovea_program " + symbol +
          "_program;\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}

} // namespace

void writeLibrary(const std::vector<ObjectFile> &objects, const std::string &base, const std::string &symbol,
                  const std::string &network) {
  const std::string archive = archiveOf(objects);
  const std::string name = path::filename(base).str() + ".a";
  AtomicFile library(base + ".a"), header(base + ".h");
  library.write(archive);
  header.write(headerOf(name, symbol, network));
  library.commit();
  header.commit();
}

} // namespace fovea
