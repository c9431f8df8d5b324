// Writing files whole or not at all.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// Collects a file beside its destination and puts it there in commit(): temporary file, checked writes, fsync, rename,
/// fsync of the folder. Until commit() returns, a file that was at `path` stays as it was; when anything fails, or the
/// object is destroyed without commit(), the temporary is removed. Symbolic links are followed, permissions kept.
/// A device or pipe (/dev/stdout, a FIFO) is written directly. All failures throw Error, one line naming `path`.
class AtomicFile {
public:
  explicit AtomicFile(const std::string &path);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  void write(const void *data, size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();

private:
  void flush();
  void writeNow(const char *data, size_t bytes);
  [[noreturn]] void fail(const char *what, int code);
  void discard();

  std::string path;        // as the user named it, for messages
  std::string destination; // symbolic links resolved
  std::string temporary;   // empty when written directly
  bool replaces = false;   // there is a previous file
  int descriptor = -1;
  std::vector<char> buffer;
};

/// The common case: one piece of text or bytes.
void writeFileAtomically(const std::string &path, std::string_view contents);

} // namespace fovea
