// A fused kernel as plain data: what the code generator compiles.
//
// A `cnn.kernel` operation is translated into this struct so that the Halide side needs no MLIR header, kernels can be
// written to and read from JSON (tests, reproducers, `--emit=halide`), and equal kernels have equal text, which is the
// compile cache's key. The meaning of each operation is that of the `cnn` dialect (ir/README.md).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace fovea {

enum class ElementType { F32, I32, U8, BF16 };

/// The physical order of a tensor's elements; see `#cnn.layout` in ir/README.md. Weights of bf16 keep pairs of inputs.
enum class LayoutKind { Plain, ChannelsLast, Weight, WeightTransposed, Vector, LocalWeight };

struct TensorSpec {
  std::vector<int64_t> shape; ///< Logical: [N,C,H,W], [N,K], [O,I,KH,KW], [O,K], [C], [N], [C,H,W] or [O,OH,OW,I,KH,KW].
  ElementType element = ElementType::F32;
  LayoutKind layout = LayoutKind::Plain;
  int64_t block = 0;            ///< ChannelsLast, Vector: padded channels; Weight*: lanes of a block; Plain: 0.
  std::vector<int64_t> spatial; ///< Weight*: (C,H,W) or (I,KH,KW) of the packed 4-D view; otherwise empty.
  bool operator==(const TensorSpec &) const = default;
};

using Attribute = std::variant<int64_t, double, bool, std::string, std::vector<int64_t>>;

/// One operation. Value ids count the kernel's inputs first, then each operation's results in order.
struct OpSpec {
  std::string op; ///< Name without the dialect's prefix: "conv2d", "relu", ...
  std::vector<int> operands;
  std::map<std::string, Attribute> attributes;
  std::vector<TensorSpec> results;
  bool operator==(const OpSpec &) const = default;
};

using Schedule = std::map<std::string, int64_t>;

/// A kernel: its outputs are the results of its last operation.
struct KernelSpec {
  std::vector<TensorSpec> inputs;
  std::vector<OpSpec> ops;
  Schedule schedule;
  bool operator==(const KernelSpec &) const = default;

  /// The tensor with value id `value`.
  const TensorSpec &tensor(int value) const;
};

/// Whether any of the kernel's tensors is of bf16.
bool usesBf16(const KernelSpec &kernel);

/// Whether its schedule has the sums made by AMX's tiles.
bool usesTiles(const KernelSpec &kernel);

/// Canonical JSON (sorted keys, one line); equal kernels give equal text.
std::string toJson(const KernelSpec &kernel);

/// Reads what toJson wrote. Throws std::invalid_argument that names what is wrong.
KernelSpec kernelFromJson(const std::string &text);

/// Number of elements the tensor occupies in memory, padding lanes included.
int64_t physicalElements(const TensorSpec &tensor);

/// Bytes of `physicalElements` elements.
int64_t physicalBytes(const TensorSpec &tensor);

} // namespace fovea
