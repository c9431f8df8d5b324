// IDX files of unsigned bytes (MNIST's format), plain or gzip.
#pragma once

#include "runtime/Array.h"

namespace fovea {

struct IdxArray {
  Shape shape;
  std::vector<uint8_t> values; // row-major
};

/// Reads a file of `rank` dimensions (3 for images, 1 for labels). Throws Error naming the file, what was expected and
/// what was found: wrong magic, other element type or rank, fewer or more bytes than the header says. Memory follows
/// the bytes that really arrive, never the header alone.
IdxArray readIdx(const std::string &path, int rank);

} // namespace fovea
