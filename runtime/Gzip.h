// A file read forward, decompressed on the way when it begins with gzip's magic bytes, whatever its name.
#pragma once

#include "runtime/File.h"

#include <memory>

namespace fovea {

/// Memory is a fixed pair of buffers: a bomb costs time, never memory. gzip's checksum and length are verified, several
/// members in a row are accepted, trailing garbage is not.
class GzipReader {
public:
  explicit GzipReader(const std::string &path);
  ~GzipReader();

  /// Fills as much of `buffer` as there is left; 0 means the end. Throws Error for a damaged or truncated stream.
  size_t read(std::span<uint8_t> buffer);
  bool compressed() const { return inflating; }
  /// Bytes of the whole contents when known beforehand (plain regular files), else -1.
  int64_t size() const { return inflating ? -1 : file.size(); }
  const std::string &name() const { return file.name(); }

private:
  struct Inflater;
  bool refill();

  InputFile file;
  std::vector<uint8_t> input;
  size_t inputBegin = 0, inputEnd = 0;
  bool inflating = false;
  std::unique_ptr<Inflater> inflater;
};

} // namespace fovea
