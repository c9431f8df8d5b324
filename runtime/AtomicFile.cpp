#include "runtime/AtomicFile.h"

#include "runtime/Error.h"
#include "runtime/File.h"

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fovea {

namespace {

constexpr size_t bufferBytes = size_t(1) << 18;

std::string folderOf(const std::string &path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A write past the shell's `ulimit -f` raises SIGXFSZ, whose default ends the program with the temporary left behind.
/// While this lives the signal is held back in this thread, so that write() fails with EFBIG instead.
class HoldFileSizeSignal {
public:
  HoldFileSizeSignal() {
    sigemptyset(&mask);
    sigaddset(&mask, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &mask, &before);
  }
  ~HoldFileSizeSignal() {
    if (sigismember(&before, SIGXFSZ) == 0) {
      timespec none{};
      sigtimedwait(&mask, nullptr, &none);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

private:
  sigset_t mask, before;
};

} // namespace

AtomicFile::AtomicFile(const std::string &path) : path(path), destination(path) {
  struct stat status;
  mode_t mode = 0;
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode))
      throw Error(fmt::format("{}: is a directory; give the name of a file", path));
    if (!S_ISREG(status.st_mode)) {
      // Devices and pipes have no earlier contents to keep, and must not be replaced by a file.
      descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
      if (descriptor < 0)
        throw Error(fmt::format("{}: cannot be opened for writing: {}", path, systemMessage(errno)));
      return;
    }
    if (::access(path.c_str(), W_OK) != 0)
      throw Error(fmt::format("{}: cannot be replaced: {}", path, systemMessage(errno)));
    replaces = true;
    mode = status.st_mode & 07777;
  }
  // A link stays a link: what it points to is replaced. A dangling one gets its file.
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved)) {
    destination = resolved;
  } else if (ssize_t length = ::readlink(path.c_str(), resolved, sizeof resolved); length > 0) {
    destination.assign(resolved, size_t(length));
    if (destination[0] != '/')
      destination = folderOf(path) + "/" + destination;
  }

  static std::atomic<unsigned> serial{0};
  for (int attempt = 0; attempt < 100 && descriptor < 0; ++attempt) {
    // Short, so that it fits wherever the destination's name does not: the folder counts, not the name.
    temporary = fmt::format("{}/.fovea-{}-{}.tmp", folderOf(destination), ::getpid(), serial++);
    descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno != EEXIST)
      break;
  }
  if (descriptor < 0) {
    int code = errno;
    temporary.clear();
    throw Error(fmt::format("{}: cannot be written: no file can be created in {}: {}; choose a folder that exists and "
                            "that you may write to",
                            path, folderOf(destination), systemMessage(code)));
  }
  if (replaces)
    (void)::fchmod(descriptor, mode);
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (descriptor >= 0)
    ::close(descriptor);
  descriptor = -1;
  if (!temporary.empty())
    ::unlink(temporary.c_str());
  temporary.clear();
}

void AtomicFile::fail(const char *what, int code) {
  bool direct = temporary.empty();
  discard();
  std::string reason = code == ENOSPC   ? "no space left on device"
                       : code == EDQUOT ? "disk quota exceeded"
                       : code == EFBIG  ? "file size limit exceeded"
                                        : fmt::format("{}: {}", what, systemMessage(code));
  throw Error(fmt::format("{}: {}; {}", path, reason,
                          direct     ? "the output is incomplete"
                          : replaces ? "the previous file is unchanged"
                                     : "no file was written"));
}

void AtomicFile::writeNow(const char *data, size_t bytes) {
  HoldFileSizeSignal hold;
  while (bytes > 0) {
    ssize_t written = ::write(descriptor, data, bytes);
    if (written < 0) {
      if (errno == EINTR)
        continue;
      fail("cannot be written", errno);
    }
    data += written;
    bytes -= size_t(written);
  }
}

void AtomicFile::flush() {
  writeNow(buffer.data(), buffer.size());
  buffer.clear();
}

void AtomicFile::write(const void *data, size_t bytes) {
  if (buffer.size() + bytes > bufferBytes)
    flush();
  if (bytes >= bufferBytes)
    return writeNow(static_cast<const char *>(data), bytes);
  buffer.insert(buffer.end(), static_cast<const char *>(data), static_cast<const char *>(data) + bytes);
}

void AtomicFile::commit() {
  flush();
  if (temporary.empty()) {
    int closed = ::close(descriptor);
    descriptor = -1;
    if (closed != 0)
      fail("cannot be closed", errno);
    return;
  }
  // Full disks of some file systems (NFS, delayed allocation) only tell at fsync or close.
  if (::fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS)
    fail("cannot be flushed to disk", errno);
  int closed = ::close(descriptor);
  descriptor = -1;
  if (closed != 0)
    fail("cannot be closed", errno);
  if (::rename(temporary.c_str(), destination.c_str()) != 0)
    fail("cannot be put in place", errno);
  temporary.clear();
  // The rename itself must survive a power cut. The file is already whole, so a folder that cannot be synced (some
  // network file systems) is no reason to report failure.
  int folder = ::open(folderOf(destination).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
}

void writeFileAtomically(const std::string &path, std::string_view contents) {
  AtomicFile file(path);
  file.write(contents);
  file.commit();
}

} // namespace fovea
