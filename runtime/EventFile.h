// TensorBoard's event files: scalars over iterations.
//
// A file is a sequence of TFRecords (length, masked CRC-32C of the length, data, masked CRC-32C of the data), each an
// `Event` message of TensorFlow's event.proto; the first says the file's version.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace fovea {

/// CRC-32 with the Castagnoli polynomial.
uint32_t crc32c(std::string_view bytes);

class EventFile {
public:
  /// Creates `directory` where needed and in it events.out.tfevents.TIME.HOST.PID. Throws Error naming the path.
  explicit EventFile(const std::string &directory);
  ~EventFile();
  EventFile(const EventFile &) = delete;
  EventFile &operator=(const EventFile &) = delete;

  /// Adds one point of the curve `tag`. Throws Error when the disk is full.
  void scalar(std::string_view tag, int64_t iteration, double value);

  /// Makes what was added visible to readers.
  void flush();

private:
  void record(std::string_view event);

  std::string path;
  std::FILE *file = nullptr;
};

} // namespace fovea
