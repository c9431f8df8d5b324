// Reading files, and the bounds-checked reader that every binary parser of the runtime goes through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// The whole file. Throws Error naming `path`: missing, a directory, unreadable, or larger than `limit` bytes. The size
/// that the file system reports is only a hint: pipes work, and memory follows what really arrives.
std::vector<uint8_t> readFile(const std::string &path, uint64_t limit = uint64_t(1) << 36);

/// An open file, read forward. Closed with the object.
class InputFile {
public:
  explicit InputFile(const std::string &path);
  ~InputFile();
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;

  /// Fills as much of `buffer` as the file has left; 0 means its end.
  size_t read(std::span<uint8_t> buffer);
  /// Size of a regular file; -1 for a pipe or a device.
  int64_t size() const { return bytes; }
  const std::string &name() const { return path; }

private:
  std::string path;
  int descriptor = -1;
  int64_t bytes = -1;
};

/// Walks over bytes in memory. Reading past the end throws Error "FILE: ends at byte N, inside WHAT".
class ByteReader {
public:
  ByteReader(std::span<const uint8_t> bytes, std::string name) : bytes(bytes), fileName(std::move(name)) {}

  std::span<const uint8_t> take(uint64_t count, std::string_view what);
  uint64_t little(int width, std::string_view what);
  uint64_t big(int width, std::string_view what);
  uint64_t position() const { return at; }
  uint64_t remaining() const { return bytes.size() - at; }
  const std::string &name() const { return fileName; }

private:
  std::span<const uint8_t> bytes;
  uint64_t at = 0;
  std::string fileName;
};

/// The system's text for `code` (errno), without a full stop: "No such file or directory".
std::string systemMessage(int code);

} // namespace fovea
