#include "runtime/File.h"

#include "runtime/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fovea {

std::string systemMessage(int code) { return std::strerror(code); }

InputFile::InputFile(const std::string &path) : path(path) {
  descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    throw Error(fmt::format("{}: cannot be opened: {}", path, systemMessage(errno)));
  struct stat status;
  if (::fstat(descriptor, &status) == 0) {
    if (S_ISDIR(status.st_mode)) {
      ::close(descriptor);
      throw Error(fmt::format("{}: is a directory; a file was expected", path));
    }
    if (S_ISREG(status.st_mode))
      bytes = status.st_size;
  }
}

InputFile::~InputFile() { ::close(descriptor); }

size_t InputFile::read(std::span<uint8_t> buffer) {
  size_t total = 0;
  while (total < buffer.size()) {
    ssize_t got = ::read(descriptor, buffer.data() + total, buffer.size() - total);
    if (got == 0)
      break;
    if (got < 0) {
      if (errno == EINTR)
        continue;
      throw Error(fmt::format("{}: cannot be read: {}", path, systemMessage(errno)));
    }
    total += size_t(got);
  }
  return total;
}

std::vector<uint8_t> readFile(const std::string &path, uint64_t limit) {
  InputFile file(path);
  if (file.size() < 0)
    limit = std::min(limit, uint64_t(1) << 30); // /dev/zero never ends
  auto refuse = [&] { throw Error(fmt::format("{}: is larger than the {} bytes allowed here", path, limit)); };
  if (file.size() > 0 && uint64_t(file.size()) > limit)
    refuse();
  // One byte more than a regular file's size, so that its end is seen without growing; pipes start small and double.
  std::vector<uint8_t> bytes(file.size() > 0 ? size_t(file.size()) + 1 : size_t(1) << 16);
  size_t used = 0;
  while (size_t got = file.read(std::span(bytes).subspan(used))) {
    used += got;
    if (used > limit)
      refuse();
    if (used == bytes.size())
      bytes.resize(bytes.size() * 2);
  }
  bytes.resize(used);
  return bytes;
}

std::span<const uint8_t> ByteReader::take(uint64_t count, std::string_view what) {
  if (count > remaining())
    throw Error(fmt::format("{}: ends at byte {}, inside {} (bytes {} to {}); the file is truncated", fileName,
                            bytes.size(), what, at, at + std::min<uint64_t>(count, UINT64_MAX - at)));
  std::span<const uint8_t> part = bytes.subspan(at, count);
  at += count;
  return part;
}

uint64_t ByteReader::little(int width, std::string_view what) {
  std::span<const uint8_t> part = take(uint64_t(width), what);
  uint64_t value = 0;
  for (int i = width; i-- > 0;)
    value = value << 8 | part[size_t(i)];
  return value;
}

uint64_t ByteReader::big(int width, std::string_view what) {
  uint64_t value = 0;
  for (uint8_t byte : take(uint64_t(width), what))
    value = value << 8 | byte;
  return value;
}

} // namespace fovea
