// Mutates valid files of every format and hands them to their readers. Each must load or throw fovea::Error; a crash, a
// sanitizer's report, another exception or more than 64 MB of memory is a failure. Deterministic: a failure is
// reproduced by its format and number, which are printed.
#include "runtime/Error.h"
#include "runtime/Idx.h"
#include "runtime/Image.h"
#include "runtime/Npy.h"
#include "runtime/Safetensors.h"
#include "test/runtime/io/Seeds.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <sys/resource.h>
#include <zlib.h>

using namespace fovea;
using namespace fovea::test;

namespace {

/// SplitMix64: small, and the same everywhere.
struct Random {
  uint64_t state;
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  size_t below(size_t bound) { return bound ? size_t(next() % bound) : 0; }
};

struct Format {
  const char *name;
  std::vector<std::string> seeds;
  std::function<void(const std::string &)> read;
  /// Makes checksums right again after half of the mutations, so that what lies behind them is reached, too.
  std::function<std::string(std::string)> repair = {};
};

std::string repairPng(std::string bytes) {
  for (size_t at = 8; at + 12 <= bytes.size();) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i)
      length = length << 8 | uint8_t(bytes[at + i]);
    if (length > bytes.size() - at - 12)
      break;
    const auto *chunk = reinterpret_cast<const Bytef *>(bytes.data() + at + 4);
    bytes.replace(at + 8 + length, 4, big(crc32(0, chunk, uInt(length + 4)), 4));
    at += 12 + length;
  }
  return bytes;
}

std::string ramp(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i)
    text[i] = char(i * 7);
  return text;
}

std::vector<Format> makeFormats() {
  const std::string floats = ramp(24);
  std::vector<Format> formats;
  formats.push_back(
      {"idx in gzip", {idx({3, 5, 4}), idx({20, 28, 28})}, [](const std::string &path) { readIdx(path, 3); }, gzip});
  formats.push_back(
      {"idx", {idx({3, 5, 4}), idx({1, 28, 28}), idx({0, 28, 28})}, [](const std::string &path) { readIdx(path, 3); }});
  formats.push_back(
      {"idx.gz", {gzip(idx({3, 5, 4})), gzip(idx({20, 28, 28}))}, [](const std::string &path) { readIdx(path, 3); }});
  formats.push_back({"npy",
                     {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", floats),
                      npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", floats, 2),
                      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n", floats, 3),
                      npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }\n", floats)},
                     [](const std::string &path) {
                       try {
                         readNpyFloats(path);
                       } catch (const Error &) {
                         readNpyIntegers(path);
                       }
                     }});
  formats.push_back(
      {"safetensors",
       {safetensors(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
                    R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[16,24]}}  )",
                    floats),
        safetensors(R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[16,24]},)"
                    R"("d":{"dtype":"F64","shape":[1,2],"data_offsets":[0,16]}})",
                    floats)},
       [](const std::string &path) { readSafetensors(path); }});
  formats.push_back({"png",
                     {png(16, 9, ramp(16 * 9)), png(16, 9, ramp(16 * 9 * 3), {2, 8, true, true}),
                      png(16, 9, ramp(16 * 9 * 8), {6, 16, true, false}), png(16, 9, ramp(8 * 9), {3, 4, true, true}),
                      png(16, 9, ramp(2 * 9), {0, 1, false, true})},
                     [](const std::string &path) { resize(readImage(path), 28, 28); },
                     repairPng});
  formats.push_back({"jpeg",
                     {jpeg(16, 9, 1, ramp(16 * 9)), jpeg(17, 9, 3, ramp(17 * 9 * 3)),
                      jpeg(16, 9, 3, ramp(16 * 9 * 3), true), jpeg(16, 9, 4, ramp(16 * 9 * 4))},
                     [](const std::string &path) { resize(readImage(path), 28, 28); }});
  return formats;
}

/// One to four edits of the kinds that damage real files and that attackers choose.
std::string mutate(const Format &format, Random &random) {
  std::string bytes = format.seeds[random.below(format.seeds.size())];
  const size_t edits = 1 + random.below(4);
  for (size_t edit = 0; edit < edits; ++edit) {
    const size_t at = random.below(bytes.size());
    switch (random.below(8)) {
    case 0: // flip a bit
      if (!bytes.empty())
        bytes[at] = char(bytes[at] ^ 1 << random.below(8));
      break;
    case 1: // any byte
      if (!bytes.empty())
        bytes[at] = char(random.next());
      break;
    case 2: // truncate
      bytes.resize(at);
      break;
    case 3: // lengths that lie, near the beginning where headers are
    case 4: {
      constexpr uint64_t lies[] = {0, 1, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, ~0ull};
      const int width = 1 << random.below(4);
      const std::string lie = random.below(2) ? little(lies[random.below(std::size(lies))], width)
                                              : big(lies[random.below(std::size(lies))], width);
      const size_t place = random.below(std::min<size_t>(bytes.size(), 64));
      if (place + lie.size() <= bytes.size())
        bytes.replace(place, lie.size(), lie);
      break;
    }
    case 5: // splice: a piece of another seed
    {
      const std::string &other = format.seeds[random.below(format.seeds.size())];
      const size_t from = random.below(other.size());
      bytes.replace(at, random.below(64), other.substr(from, random.below(64)));
      break;
    }
    case 6: // insert noise
      bytes.insert(at, ramp(1 + random.below(40)));
      break;
    default: // change a digit in the text of a header
      for (size_t i = at; i < bytes.size(); ++i)
        if (bytes[i] >= '0' && bytes[i] <= '9') {
          bytes.replace(i, 1, random.below(2) ? std::string(1 + random.below(24), '9') : std::string("-1"));
          break;
        }
    }
  }
  return bytes;
}

long peakKilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

} // namespace

int main(int argc, char **argv) {
  const uint64_t mutations = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 500;
  const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  TemporaryFolder folder;
  int failures = 0;
  const long before = peakKilobytes();
  for (const Format &format : makeFormats()) {
    for (const std::string &valid : format.seeds)
      format.read(folder.write("valid", valid)); // the seeds themselves must load
    uint64_t loaded = 0, refused = 0;
    for (uint64_t number = 0; number < mutations; ++number) {
      Random random{seed * 1'000'003 + number};
      std::string bytes = mutate(format, random);
      if (format.repair && random.below(2))
        bytes = format.repair(bytes);
      const std::string path = folder.write("mutated", bytes);
      try {
        format.read(path);
        ++loaded;
      } catch (const Error &error) {
        ++refused;
        const std::string text = error.what();
        if (text.find(path) == std::string::npos || text.find('\n') != std::string::npos) {
          std::printf("%s %llu: the message does not name the file in one line: %s\n", format.name,
                      static_cast<unsigned long long>(number), text.c_str());
          ++failures;
        }
      } catch (const std::exception &other) {
        std::printf("%s %llu: %s\n", format.name, static_cast<unsigned long long>(number), other.what());
        ++failures;
      }
    }
    const long grown = peakKilobytes() - before;
    std::printf("%-12s %llu loaded, %llu refused, %ld KB more at the peak\n", format.name,
                static_cast<unsigned long long>(loaded), static_cast<unsigned long long>(refused), grown);
#ifndef __SANITIZE_ADDRESS__ // which keeps freed memory; there, max_allocation_size_mb does the judging
    if (grown > 64 * 1024) {
      std::printf("%s: took more than 64 MB\n", format.name);
      ++failures;
    }
#endif
  }
  return failures ? 1 : 0;
}
