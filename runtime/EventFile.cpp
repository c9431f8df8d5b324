#include "runtime/EventFile.h"
#include "runtime/Error.h"
#include "runtime/File.h"

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <unistd.h>

namespace fovea {
namespace {

constexpr std::array<uint32_t, 256> crcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = value >> 1 ^ (value & 1 ? 0x82F63B78u : 0u);
    table[i] = value;
  }
  return table;
}();

/// TFRecord stores CRCs rotated and shifted, so that a CRC of data that holds CRCs stays meaningful.
uint32_t maskedCrc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

template <typename Unsigned> void appendLittle(std::string &out, Unsigned value) {
  for (size_t i = 0; i < sizeof(value); ++i)
    out += static_cast<char>(value >> (8 * i));
}

void appendVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

// Fields of protocol buffers: a key (number and wire type), then the value.
enum Wire { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

void appendKey(std::string &out, int field, Wire wire) { appendVarint(out, uint64_t(field) << 3 | wire); }

void appendBytes(std::string &out, int field, std::string_view bytes) {
  appendKey(out, field, Bytes);
  appendVarint(out, bytes.size());
  out += bytes;
}

/// An Event up to its content: wall_time = 1 (double), step = 2 (int64).
std::string beginEvent(int64_t step) {
  double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::string event;
  appendKey(event, 1, Fixed64);
  appendLittle(event, std::bit_cast<uint64_t>(now));
  appendKey(event, 2, Varint);
  appendVarint(event, static_cast<uint64_t>(step));
  return event;
}

} // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (unsigned char byte : bytes)
    crc = crcTable[(crc ^ byte) & 0xff] ^ crc >> 8;
  return ~crc;
}

EventFile::EventFile(const std::string &directory) {
  std::error_code problem;
  std::filesystem::create_directories(directory, problem);
  if (problem)
    throw Error(directory + ": cannot make the folder for event files: " + problem.message());
  char host[256] = "localhost";
  gethostname(host, sizeof(host) - 1);
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  path = directory + "/events.out.tfevents." + std::to_string(seconds.count()) + "." + host + "." +
         std::to_string(getpid());
  file = std::fopen(path.c_str(), "wb");
  if (!file)
    throw Error(path + ": cannot write: " + systemMessage(errno));
  std::string event = beginEvent(0);
  appendBytes(event, 3, "brain.Event:2"); // file_version
  record(event);
}

EventFile::~EventFile() {
  if (file)
    std::fclose(file);
}

void EventFile::scalar(std::string_view tag, int64_t iteration, double value) {
  std::string point; // Summary.Value: tag = 1, simple_value = 2 (float)
  appendBytes(point, 1, tag);
  appendKey(point, 2, Fixed32);
  appendLittle(point, std::bit_cast<uint32_t>(static_cast<float>(value)));
  std::string summary;
  appendBytes(summary, 1, point);
  std::string event = beginEvent(iteration);
  appendBytes(event, 5, summary);
  record(event);
}

void EventFile::record(std::string_view event) {
  std::string out;
  appendLittle(out, uint64_t(event.size()));
  appendLittle(out, maskedCrc(out));
  out += event;
  appendLittle(out, maskedCrc(event));
  if (std::fwrite(out.data(), 1, out.size(), file) != out.size())
    throw Error(path + ": cannot write: " + systemMessage(errno));
}

void EventFile::flush() {
  if (std::fflush(file) != 0)
    throw Error(path + ": cannot write: " + systemMessage(errno));
}

} // namespace fovea
