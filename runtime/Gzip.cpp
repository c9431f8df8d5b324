#include "runtime/Gzip.h"

#include "runtime/Error.h"

#include <cstring>
#include <fmt/format.h>
#include <zlib.h>

namespace fovea {

namespace {
constexpr size_t inputBytes = size_t(1) << 16;
constexpr int gzipFormat = 15 + 16; // zlib's "largest window, gzip header and trailer"
} // namespace

struct GzipReader::Inflater {
  z_stream stream{};
  bool inMember = true; // between a member's header and its checksum

  explicit Inflater(const std::string &name) {
    if (inflateInit2(&stream, gzipFormat) != Z_OK)
      throw Error(fmt::format("{}: cannot start decompression: out of memory", name));
  }
  ~Inflater() { inflateEnd(&stream); }
};

GzipReader::GzipReader(const std::string &path) : file(path), input(inputBytes) {
  refill();
  inflating = inputEnd >= 2 && input[0] == 0x1f && input[1] == 0x8b;
  if (inflating)
    inflater = std::make_unique<Inflater>(name());
}

GzipReader::~GzipReader() = default;

bool GzipReader::refill() {
  inputBegin = 0;
  inputEnd = file.read(input);
  return inputEnd > 0;
}

size_t GzipReader::read(std::span<uint8_t> buffer) {
  size_t total = 0;
  while (total < buffer.size()) {
    if (inputBegin == inputEnd && !refill()) {
      if (inflating && inflater->inMember)
        throw Error(fmt::format("{}: the gzip stream is truncated; copy or download the file again", name()));
      break;
    }
    if (!inflating) {
      size_t count = std::min(buffer.size() - total, inputEnd - inputBegin);
      std::memcpy(buffer.data() + total, input.data() + inputBegin, count);
      inputBegin += count;
      total += count;
      continue;
    }
    z_stream &stream = inflater->stream;
    if (!inflater->inMember) {
      inflateReset(&stream);
      inflater->inMember = true;
    }
    stream.next_in = input.data() + inputBegin;
    stream.avail_in = uInt(inputEnd - inputBegin);
    stream.next_out = buffer.data() + total;
    stream.avail_out = uInt(std::min<size_t>(buffer.size() - total, size_t(1) << 30));
    uInt room = stream.avail_out;
    int status = inflate(&stream, Z_NO_FLUSH);
    inputBegin = inputEnd - stream.avail_in;
    total += room - stream.avail_out;
    if (status == Z_STREAM_END)
      inflater->inMember = false;
    else if (status != Z_OK && status != Z_BUF_ERROR)
      throw Error(fmt::format("{}: the gzip stream is damaged ({}); copy or download the file again", name(),
                              stream.msg ? stream.msg : "unknown reason"));
  }
  return total;
}

} // namespace fovea
