#include "runtime/Safetensors.h"

#include "runtime/AtomicFile.h"
#include "runtime/Error.h"
#include "runtime/File.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fovea {

static_assert(std::endian::native == std::endian::little, "values are copied to and from little-endian files as is");

namespace {

/// The reference implementation's limit; no real header comes near.
constexpr uint64_t largestHeader = 100'000'000;

struct Entry {
  std::string type;
  Shape shape;
  uint64_t begin = 0, end = 0; // in the data that follows the header
  bool hasType = false, hasShape = false, hasOffsets = false;
};

/// Takes the header's JSON as events, so that nesting and repetition are refused where they stand and no tree of a
/// hostile header is ever built. The grammar has three levels:
///   { NAME: {"dtype": TEXT, "shape": [N...], "data_offsets": [N, N]}, "__metadata__": {TEXT: TEXT} }
class HeaderEvents : public nlohmann::json_sax<nlohmann::json> {
public:
  std::map<std::string, Entry> entries;
  std::map<std::string, std::string> metadata;
  std::string problem;

  bool start_object(std::size_t) override {
    if (where == Where::Start)
      return go(Where::Top);
    if (where == Where::TopValue)
      return go(tensor == "__metadata__" ? Where::Metadata : Where::Tensor);
    return unexpected("an object");
  }

  bool key(string_t &name) override {
    if (where == Where::Top) {
      tensor = name;
      bool isNew = name == "__metadata__" ? !std::exchange(sawMetadata, true) : entries.try_emplace(name).second;
      return isNew ? go(Where::TopValue) : refuse(fmt::format("the name '{}' appears twice", shown(name)));
    }
    if (where == Where::Metadata) {
      field = name;
      return metadata.count(name) ? refuse(fmt::format("the metadata key '{}' appears twice", shown(name)))
                                  : go(Where::MetadataValue);
    }
    Entry &entry = entries[tensor];
    bool *seen = name == "dtype"          ? &entry.hasType
                 : name == "shape"        ? &entry.hasShape
                 : name == "data_offsets" ? &entry.hasOffsets
                                          : nullptr;
    if (!seen)
      return refuse(fmt::format("tensor '{}' has an unknown field '{}'", shown(tensor), shown(name)));
    if (std::exchange(*seen, true))
      return refuse(fmt::format("tensor '{}' has two fields '{}'", shown(tensor), name));
    offsets = 0;
    return go(name == "dtype" ? Where::Type : name == "shape" ? Where::Shape : Where::Offsets);
  }

  bool string(string_t &text) override {
    if (where == Where::MetadataValue) {
      metadata[field] = text;
      return go(Where::Metadata);
    }
    if (where == Where::Type) {
      entries[tensor].type = text;
      return go(Where::Tensor);
    }
    return unexpected("text");
  }

  bool number_unsigned(number_unsigned_t value) override {
    Entry &entry = entries[tensor];
    if (where == Where::ShapeItems) {
      if (value > uint64_t(INT64_MAX) || entry.shape.size() == 32)
        return refuse(fmt::format("tensor '{}' has an impossible shape", shown(tensor)));
      entry.shape.push_back(int64_t(value));
      return true;
    }
    if (where == Where::OffsetItems && offsets < 2) {
      (offsets++ == 0 ? entry.begin : entry.end) = value;
      return true;
    }
    return unexpected("a number");
  }

  bool start_array(std::size_t) override {
    if (where == Where::Shape)
      return go(Where::ShapeItems);
    if (where == Where::Offsets)
      return go(Where::OffsetItems);
    return unexpected("an array");
  }

  bool end_array() override {
    if (where == Where::OffsetItems && offsets != 2)
      return refuse(fmt::format("tensor '{}' does not have two data_offsets", shown(tensor)));
    return go(Where::Tensor);
  }

  bool end_object() override {
    if (where == Where::Tensor) {
      const Entry &entry = entries[tensor];
      if (!entry.hasType || !entry.hasShape || !entry.hasOffsets)
        return refuse(fmt::format("tensor '{}' has no field '{}'", shown(tensor),
                                  !entry.hasType    ? "dtype"
                                  : !entry.hasShape ? "shape"
                                                    : "data_offsets"));
    }
    return go(where == Where::Top ? Where::End : Where::Top);
  }

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("true or false"); }
  bool number_integer(number_integer_t) override { return unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t &) override { return unexpected("a fraction"); }
  bool binary(binary_t &) override { return unexpected("binary data"); }
  bool parse_error(std::size_t position, const std::string &, const nlohmann::detail::exception &) override {
    return refuse(fmt::format("it is not JSON (character {})", position));
  }

  /// A name as messages show it: short, and nothing that upsets a terminal.
  static std::string shown(const std::string &name) {
    std::string text = name.substr(0, 60);
    for (char &c : text)
      if (uint8_t(c) < ' ' || c == 127)
        c = '?';
    return text + (name.size() > 60 ? "..." : "");
  }

private:
  enum class Where {
    Start,
    Top,
    TopValue,
    Metadata,
    MetadataValue,
    Tensor,
    Type,
    Shape,
    ShapeItems,
    Offsets,
    OffsetItems,
    End
  };

  bool go(Where next) {
    where = next;
    return true;
  }
  bool refuse(std::string what) {
    if (problem.empty())
      problem = std::move(what);
    return false;
  }
  bool unexpected(const char *what) {
    return refuse(fmt::format("{} where it does not belong{}", what,
                              where == Where::Start ? "" : fmt::format(" (at '{}')", shown(tensor))));
  }

  Where where = Where::Start;
  std::string tensor, field;
  int offsets = 0;
  bool sawMetadata = false;
};

float fromHalf(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  float value = exponent == 31  ? (fraction ? NAN : INFINITY)
                : exponent == 0 ? std::ldexp(float(fraction), -24)
                                : std::ldexp(float(fraction + 1024), exponent - 25);
  return bits & 0x8000 ? -value : value;
}

template <typename T> T load(const uint8_t *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

int widthOf(const std::string &type) {
  return type == "F32" ? 4 : type == "F64" ? 8 : type == "F16" || type == "BF16" ? 2 : 0;
}

void convert(const std::string &type, std::span<const uint8_t> bytes, std::vector<float> &values) {
  const uint8_t *from = bytes.data();
  if (type == "F32") {
    if (!values.empty())
      std::memcpy(values.data(), from, bytes.size());
  } else if (type == "F64") {
    for (float &value : values)
      value = float(load<double>(std::exchange(from, from + 8)));
  } else if (type == "F16") {
    for (float &value : values)
      value = fromHalf(load<uint16_t>(std::exchange(from, from + 2)));
  } else {
    for (float &value : values)
      value = std::bit_cast<float>(uint32_t(load<uint16_t>(std::exchange(from, from + 2))) << 16);
  }
}

} // namespace

Safetensors readSafetensors(const std::string &path) { return parseSafetensors(readFile(path), path); }

Safetensors parseSafetensors(std::span<const uint8_t> file, const std::string &path) {
  ByteReader reader(file, path);
  if (file.size() < 8)
    throw Error(fmt::format("{}: is {} bytes long, too short for a safetensors file", path, file.size()));
  uint64_t length = reader.little(8, "the header's length");
  if (length > largestHeader || length > reader.remaining())
    throw Error(
        fmt::format("{}: says that its header has {} bytes, but {} follow; it is truncated or not a safetensors "
                    "file",
                    path, length, reader.remaining()));
  std::span<const uint8_t> text = reader.take(length, "the header");
  HeaderEvents header;
  bool parsed = nlohmann::json::sax_parse(text.begin(), text.end(), &header);
  if (!parsed || !header.problem.empty())
    throw Error(fmt::format("{}: the safetensors header is malformed: {}", path, header.problem));

  std::span<const uint8_t> data = reader.take(reader.remaining(), "the data");
  Safetensors result{path, {}, std::move(header.metadata)};
  std::vector<std::pair<const std::string *, const Entry *>> order;
  for (const auto &[name, entry] : header.entries)
    order.emplace_back(&name, &entry);
  std::sort(order.begin(), order.end(), [](const auto &a, const auto &b) {
    return std::tie(a.second->begin, a.second->end) < std::tie(b.second->begin, b.second->end);
  });
  // In the order of their offsets the tensors must tile the data: no overlap, no hole, nothing left.
  uint64_t at = 0;
  for (const auto &[name, entry] : order) {
    std::string who = fmt::format("{}: tensor '{}'", path, HeaderEvents::shown(*name));
    if (entry->begin > entry->end || entry->end > data.size())
      throw Error(fmt::format("{}: its data is said to lie at bytes {} to {} of {}; the file is truncated or damaged",
                              who, entry->begin, entry->end, data.size()));
    if (entry->begin != at)
      throw Error(fmt::format("{}: its data begins at byte {}, {} byte {}, where the one before it ends", who,
                              entry->begin, entry->begin < at ? "inside another tensor's, before" : "past", at));
    at = entry->end;
    int width = widthOf(entry->type);
    if (width == 0)
      throw Error(fmt::format("{}: its elements are {}; F32 expected (F64, F16 and BF16 are converted)", who,
                              HeaderEvents::shown(entry->type)));
    std::optional<int64_t> count = elementCount(entry->shape);
    int64_t bytes;
    if (!count || __builtin_mul_overflow(*count, width, &bytes) || uint64_t(bytes) != entry->end - entry->begin)
      throw Error(fmt::format("{}: shape {} of {} does not take the {} bytes that its offsets say", who,
                              shapeText(entry->shape), entry->type, entry->end - entry->begin));
    FloatTensor &tensor = result.tensors[*name];
    tensor.shape = entry->shape;
    tensor.values.resize(size_t(*count));
    convert(entry->type, data.subspan(entry->begin, size_t(bytes)), tensor.values);
  }
  if (at != data.size())
    throw Error(fmt::format("{}: {} bytes follow the last tensor; the file is damaged", path, data.size() - at));
  return result;
}

void writeSafetensors(const std::string &path, std::span<const TensorView> tensors,
                      const std::map<std::string, std::string> &metadata) {
  std::vector<const TensorView *> order;
  for (const TensorView &tensor : tensors)
    order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const auto *a, const auto *b) { return a->name < b->name; });

  auto quoted = [](const std::string &text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  std::string header = "{";
  if (!metadata.empty()) {
    header += "\"__metadata__\":{";
    for (const auto &[key, value] : metadata)
      header += fmt::format("{}:{},", quoted(key), quoted(value));
    header.back() = '}';
    header += ',';
  }
  auto bytesOf = [](const TensorView &tensor) { return uint64_t(elementCount(tensor.shape).value()) * sizeof(float); };
  uint64_t offset = 0;
  for (const TensorView *tensor : order) {
    std::string shape;
    for (int64_t extent : tensor->shape)
      shape += fmt::format("{}{}", shape.empty() ? "" : ",", extent);
    header += fmt::format("{}:{{\"dtype\":\"F32\",\"shape\":[{}],\"data_offsets\":[{},{}]}},", quoted(tensor->name),
                          shape, offset, offset + bytesOf(*tensor));
    offset += bytesOf(*tensor);
  }
  if (header.size() > 1)
    header.pop_back();
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');

  AtomicFile file(path);
  const uint64_t length = header.size();
  file.write(&length, sizeof length);
  file.write(header);
  for (const TensorView *tensor : order)
    file.write(tensor->values, bytesOf(*tensor));
  file.commit();
}

void checkTensors(const Safetensors &file, std::span<const ExpectedTensor> expected, const std::string &owner) {
  std::vector<std::string> missing, extra, wrong;
  std::map<std::string, const Shape *> known;
  for (const ExpectedTensor &tensor : expected) {
    known[tensor.name] = &tensor.shape;
    auto found = file.tensors.find(tensor.name);
    if (found == file.tensors.end())
      missing.push_back(fmt::format("'{}' {}", tensor.name, shapeText(tensor.shape)));
    else if (found->second.shape != tensor.shape)
      wrong.push_back(fmt::format("'{}' is {} where {} is expected", tensor.name, shapeText(found->second.shape),
                                  shapeText(tensor.shape)));
  }
  for (const auto &[name, tensor] : file.tensors)
    if (!known.count(name))
      extra.push_back(fmt::format("'{}' {}", HeaderEvents::shown(name), shapeText(tensor.shape)));

  std::string problems;
  auto list = [&](const char *title, const std::vector<std::string> &items) {
    if (items.empty())
      return;
    problems += fmt::format("{}{}: ", problems.empty() ? "" : "; ", title);
    // A network of hundreds of layers must not fill the screen: the first few say it all.
    for (size_t i = 0; i < items.size() && i < 8; ++i)
      problems += fmt::format("{}{}", i ? ", " : "", items[i]);
    if (items.size() > 8)
      problems += fmt::format(" and {} more", items.size() - 8);
  };
  list("missing", missing);
  list("wrong shape", wrong);
  list("not part of the network", extra);
  if (!problems.empty())
    throw Error(fmt::format("{}: does not fit {}: {}", file.path, owner, problems));
}

} // namespace fovea
