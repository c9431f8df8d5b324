#include "runtime/Idx.h"

#include "runtime/Error.h"
#include "runtime/Gzip.h"

#include <algorithm>
#include <fmt/format.h>

namespace fovea {

namespace {

/// The bytes of one array; more is not a data set that this runtime could hold.
constexpr int64_t largestArray = int64_t(1) << 34;

} // namespace

IdxArray readIdx(const std::string &path, int rank) {
  GzipReader reader(path);
  std::vector<uint8_t> header(4 + 4 * size_t(rank));
  size_t got = reader.read(header);
  if (got < 4)
    throw Error(fmt::format("{}: is {} bytes long; an IDX file of {} dimensions begins with a header of {} bytes", path,
                            got, rank, header.size()));
  uint32_t magic = uint32_t(ByteReader(header, path).big(4, "the magic number"));
  uint32_t expected = 0x0800u + uint32_t(rank);
  if (magic != expected)
    throw Error(fmt::format("{}: magic number {:#010x}, where an IDX file of unsigned bytes with {} dimension{} has "
                            "{:#010x}",
                            path, magic, rank, rank == 1 ? "" : "s", expected));
  if (got < header.size())
    throw Error(fmt::format("{}: ends after {} bytes, inside the header of {} bytes; the file is truncated", path, got,
                            header.size()));

  IdxArray array;
  ByteReader sizes{std::span(header).subspan(4), path};
  for (int i = 0; i < rank; ++i)
    array.shape.push_back(int64_t(sizes.big(4, "the sizes")));
  std::optional<int64_t> count = elementCount(array.shape);
  if (!count || *count > largestArray)
    throw Error(fmt::format("{}: the header says {}, more than the {} bytes allowed", path, shapeText(array.shape),
                            largestArray));
  auto lies = [&](const std::string &found) {
    throw Error(fmt::format("{}: the header says {}, {} bytes, but the file holds {}", path, shapeText(array.shape),
                            *count, found));
  };
  if (reader.size() >= 0 && reader.size() - int64_t(header.size()) != *count)
    lies(fmt::format("{}", reader.size() - int64_t(header.size())));

  // The vector grows as bytes arrive, so that a header that lies takes at most twice what the file delivers.
  int64_t filled = 0;
  while (filled < *count) {
    int64_t room = std::min(*count, std::max<int64_t>(filled * 2, 1 << 20));
    array.values.resize(size_t(room));
    int64_t arrived = int64_t(reader.read(std::span(array.values).subspan(size_t(filled))));
    filled += arrived;
    if (filled < room)
      lies(fmt::format("{}; it is truncated", filled));
  }
  uint8_t extra;
  if (reader.read(std::span(&extra, 1)) != 0)
    lies("more");
  return array;
}

} // namespace fovea
