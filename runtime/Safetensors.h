// Safetensors: named float tensors and a map of strings in one file, the format of parameters and checkpoints.
#pragma once

#include "runtime/Array.h"

#include <map>

namespace fovea {

struct Safetensors {
  std::string path; // for messages
  std::map<std::string, FloatTensor> tensors;
  std::map<std::string, std::string> metadata; // the file's `__metadata__`
};

/// Reads F32; F64, F16 and BF16 are converted. Throws Error for any file the reference implementation refuses (a header
/// that lies about lengths, holes, overlaps, bytes left over, duplicate names, wrong JSON) and for other element types.
Safetensors readSafetensors(const std::string &path);

/// The same from a file's bytes in memory; `name` stands for the path in messages.
Safetensors parseSafetensors(std::span<const uint8_t> bytes, const std::string &name);

/// A tensor to be written; `values` is row-major and stays the caller's.
struct TensorView {
  std::string name;
  Shape shape;
  const float *values;
};

/// Writes F32 tensors sorted by name, data aligned to 8 bytes, whole or not at all. Equal input gives equal bytes.
void writeSafetensors(const std::string &path, std::span<const TensorView> tensors,
                      const std::map<std::string, std::string> &metadata = {});

struct ExpectedTensor {
  std::string name;
  Shape shape;
};

/// Throws one Error that lists every tensor missing from `file`, every wrong shape with both shapes, and every tensor
/// that `expected` does not know. `owner` says who expects: "network LeNet".
void checkTensors(const Safetensors &file, std::span<const ExpectedTensor> expected, const std::string &owner);

} // namespace fovea
