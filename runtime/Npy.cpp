#include "runtime/Npy.h"

#include "runtime/AtomicFile.h"
#include "runtime/Error.h"
#include "runtime/File.h"

#include <bit>
#include <cstring>
#include <fmt/format.h>

namespace fovea {

static_assert(std::endian::native == std::endian::little, "values are copied to and from little-endian files as is");

namespace {

struct Header {
  std::string type; // "<f4"
  bool fortran = false;
  Shape shape;
};

/// Reads the header's Python dictionary literal: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }. Exactly
/// these three keys, in any order; nothing else that Python would evaluate.
class HeaderParser {
public:
  HeaderParser(std::string_view text, const std::string &path) : text(text), path(path) {}

  Header parse() {
    Header header;
    bool seen[3] = {};
    expect('{');
    while (!accept('}')) {
      std::string key = quoted();
      expect(':');
      int which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : -1;
      if (which < 0 || seen[which])
        bad(fmt::format("{} key '{}'", which < 0 ? "unknown" : "repeated", key));
      seen[which] = true;
      if (which == 0)
        header.type = descr();
      else if (which == 1)
        header.fortran = boolean();
      else
        header.shape = tuple();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip();
    if (at != text.size())
      bad("text after the dictionary");
    for (int i = 0; i < 3; ++i)
      if (!seen[i])
        bad(fmt::format("no key '{}'", i == 0 ? "descr" : i == 1 ? "fortran_order" : "shape"));
    return header;
  }

private:
  [[noreturn]] void bad(const std::string &what) {
    throw Error(fmt::format("{}: the .npy header is malformed at character {}: {}", path, at, what));
  }
  void skip() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t'))
      ++at;
  }
  bool accept(char c) {
    skip();
    if (at < text.size() && text[at] == c) {
      ++at;
      return true;
    }
    return false;
  }
  void expect(char c) {
    if (!accept(c))
      bad(fmt::format("'{}' expected", c));
  }
  std::string quoted() {
    skip();
    char quote = at < text.size() ? text[at] : 0;
    if (quote != '\'' && quote != '"')
      bad("a quoted name expected");
    size_t end = text.find(quote, at + 1);
    if (end == std::string_view::npos || end - at > 64)
      bad("a quoted name without an end");
    std::string name(text.substr(at + 1, end - at - 1));
    for (char c : name)
      if (c < ' ' || c > '~')
        bad("a quoted name with unprintable characters");
    at = end + 1;
    return name;
  }
  std::string descr() {
    skip();
    if (at < text.size() && text[at] == '[')
      throw Error(fmt::format("{}: holds records (a structured dtype); a plain array was expected", path));
    return quoted();
  }
  bool boolean() {
    skip();
    for (bool value : {false, true}) {
      std::string_view word = value ? "True" : "False";
      if (text.substr(at, word.size()) == word) {
        at += word.size();
        return value;
      }
    }
    bad("True or False expected");
  }
  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      skip();
      size_t begin = at;
      int64_t extent = 0;
      while (at < text.size() && text[at] >= '0' && text[at] <= '9')
        if (__builtin_mul_overflow(extent, 10, &extent) || __builtin_add_overflow(extent, text[at++] - '0', &extent))
          bad("an extent past 2^63");
      if (at == begin)
        bad("an extent expected");
      accept('L'); // Python 2 wrote long integers so
      shape.push_back(extent);
      if (shape.size() > 32)
        bad("more than 32 dimensions");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string_view text;
  const std::string &path;
  size_t at = 0;
};

struct Array {
  Header header;
  int width = 0; // bytes of an element
  int64_t count = 0;
  std::vector<uint8_t> file;
  const uint8_t *data = nullptr; // into file
};

/// Reads the file and checks all but the meaning of its bytes. `types` are the accepted descr strings, by NumPy's
/// names.
Array readArray(const std::string &path, std::span<const std::string_view> types, const char *expected) {
  Array array;
  array.file = readFile(path);
  ByteReader reader(array.file, path);
  constexpr std::string_view magic = "\x93NUMPY";
  if (array.file.size() < magic.size() || std::memcmp(array.file.data(), magic.data(), magic.size()) != 0)
    throw Error(fmt::format("{}: is not a .npy file: it does not begin with \\x93NUMPY", path));
  reader.take(magic.size(), "the magic bytes");
  uint64_t major = reader.little(1, "the format version"), minor = reader.little(1, "the format version");
  if (major < 1 || major > 3 || minor != 0)
    throw Error(fmt::format("{}: .npy format version {}.{}; 1.0, 2.0 and 3.0 are understood", path, major, minor));
  uint64_t length = reader.little(major == 1 ? 2 : 4, "the header's length");
  std::span<const uint8_t> text = reader.take(length, "the header");
  array.header = HeaderParser({reinterpret_cast<const char *>(text.data()), text.size()}, path).parse();

  bool known = false;
  for (std::string_view type : types)
    // '|' and '<' say the same for single bytes; '=' is what little-endian machines may write.
    known |=
        array.header.type.size() > 1 && array.header.type.substr(1) == type &&
        (array.header.type[0] == '<' || array.header.type[0] == '=' || (type[1] == '1' && array.header.type[0] == '|'));
  if (!known) {
    bool bigEndian = !array.header.type.empty() && array.header.type[0] == '>';
    throw Error(fmt::format("{}: elements are '{}'; {} expected{}", path, array.header.type, expected,
                            bigEndian ? " in little-endian order" : ""));
  }
  array.width = array.header.type[2] - '0';
  std::optional<int64_t> count = elementCount(array.header.shape);
  int64_t bytes;
  if (!count || __builtin_mul_overflow(*count, array.width, &bytes))
    throw Error(
        fmt::format("{}: the header's shape {} has more elements than any file", path, shapeText(array.header.shape)));
  if (uint64_t(bytes) != reader.remaining())
    throw Error(fmt::format("{}: shape {} of '{}' takes {} bytes, but {} follow the header; the file is {}", path,
                            shapeText(array.header.shape), array.header.type, bytes, reader.remaining(),
                            uint64_t(bytes) > reader.remaining() ? "truncated" : "too long"));
  array.count = *count;
  array.data = reader.take(uint64_t(bytes), "the data").data();
  return array;
}

/// Calls `store(row-major index, pointer to the element)` for all elements in the file's order.
template <typename Store> void forEach(const Array &array, Store store) {
  const Shape &shape = array.header.shape;
  if (!array.header.fortran || shape.size() < 2) {
    for (int64_t i = 0; i < array.count; ++i)
      store(i, array.data + i * array.width);
    return;
  }
  // Column-major: the first index runs fastest. Count like an odometer, keeping the row-major place beside it.
  Shape strides(shape.size(), 1), index(shape.size(), 0);
  for (size_t d = shape.size() - 1; d > 0; --d)
    strides[d - 1] = strides[d] * shape[d];
  int64_t place = 0;
  for (int64_t i = 0; i < array.count; ++i) {
    store(place, array.data + i * array.width);
    for (size_t d = 0; d < shape.size(); ++d) {
      place += strides[d];
      if (++index[d] < shape[d])
        break;
      place -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

template <typename T> T load(const uint8_t *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

void writeArray(const std::string &path, const char *type, std::span<const int64_t> shape, const void *values,
                size_t width) {
  std::string extents;
  for (int64_t extent : shape)
    extents += fmt::format("{}, ", extent);
  if (shape.size() > 1)
    extents.resize(extents.size() - 2); // (2, 3) but (2,)
  else if (shape.size() == 1)
    extents.resize(extents.size() - 1);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, extents);
  // Spaces and a newline bring the data to a multiple of 64 bytes, as NumPy does.
  header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  AtomicFile file(path);
  file.write(std::string_view("\x93NUMPY\x01\x00", 8));
  const char length[2] = {char(header.size() & 0xff), char(header.size() >> 8)};
  file.write(length, 2);
  file.write(header);
  file.write(values, size_t(elementCount(shape).value()) * width);
  file.commit();
}

} // namespace

FloatTensor readNpyFloats(const std::string &path) {
  constexpr std::string_view types[] = {"f4", "f8"};
  Array array = readArray(path, types, "float32 ('<f4') or float64 ('<f8')");
  FloatTensor tensor{array.header.shape, std::vector<float>(size_t(array.count))};
  bool single = array.width == 4;
  forEach(array, [&](int64_t i, const uint8_t *from) {
    tensor.values[size_t(i)] = single ? load<float>(from) : float(load<double>(from));
  });
  return tensor;
}

IntTensor readNpyIntegers(const std::string &path) {
  constexpr std::string_view types[] = {"i1", "i2", "i4", "i8", "u1", "u2", "u4"};
  Array array = readArray(path, types, "integers ('<i8', '<i4' or '|u1')");
  IntTensor tensor{array.header.shape, std::vector<int64_t>(size_t(array.count))};
  int width = array.width;
  bool isSigned = array.header.type[1] == 'i';
  forEach(array, [&](int64_t i, const uint8_t *from) {
    uint64_t bits = 0;
    std::memcpy(&bits, from, size_t(width));
    int spare = 64 - 8 * width;
    tensor.values[size_t(i)] = isSigned ? int64_t(bits << spare) >> spare : int64_t(bits);
  });
  return tensor;
}

void writeNpy(const std::string &path, std::span<const int64_t> shape, const float *values) {
  writeArray(path, "<f4", shape, values, sizeof *values);
}

void writeNpy(const std::string &path, std::span<const int64_t> shape, const int64_t *values) {
  writeArray(path, "<i8", shape, values, sizeof *values);
}

} // namespace fovea
