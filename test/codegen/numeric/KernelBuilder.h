// Builds kernels as the passes do: tensors in the layouts that the cost model gives a target, a schedule chosen by it.
#pragma once

#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

namespace fovea::test {

/// stride, pad, dilation and groups of a convolution, and size of a pooling window; the dialect's attributes.
struct Window {
  std::vector<int64_t> kernel = {}, stride = {1, 1}, pad = {0, 0, 0, 0}; ///< pad: top, left, bottom, right
  bool ceil = false;
  std::vector<int64_t> dilation = {1, 1};
  int64_t groups = 1;
};

class KernelBuilder {
public:
  explicit KernelBuilder(TargetInfo target) : target(std::move(target)) {}

  // Layouts.
  TensorSpec activation(std::vector<int64_t> shape) const; ///< channels_last
  TensorSpec convWeight(std::vector<int64_t> shape, int64_t groups = 1) const;
  TensorSpec denseWeight(int64_t outputs, const TensorSpec &input) const;
  TensorSpec transposed(const TensorSpec &weight, int64_t groups = 1) const;
  TensorSpec vector(int64_t channels) const;
  TensorSpec localWeight(std::vector<int64_t> shape) const; ///< [O,OH,OW,I,KH,KW]
  TensorSpec localBias(std::vector<int64_t> shape) const;   ///< [O,OH,OW]
  static TensorSpec plain(std::vector<int64_t> shape, ElementType element = ElementType::F32);

  /// The value id of a new input. All inputs come before the first operation.
  int input(const TensorSpec &tensor);
  /// The value id of the first result.
  int op(const std::string &name, std::vector<int> operands, std::vector<TensorSpec> results,
         std::map<std::string, Attribute> attributes = {});

  // Operations whose results follow from their operands.
  int conv2d(int x, int weight, int bias, const Window &window); ///< bias -1: none
  int dense(int x, int weight, int bias);
  int maxPool(int x, const Window &window, bool indices = false);
  int avgPool(int x, const Window &window, const std::string &divisor);
  /// A result like the first operand: relu, tanh, add, ...
  int like(const std::string &name, std::vector<int> operands, std::map<std::string, Attribute> attributes = {});
  int relayout(int x, const TensorSpec &to);

  const TensorSpec &tensor(int value) const { return kernel.tensor(value); }
  /// The kernel, with the schedule that the cost model chooses where `schedule` says nothing.
  KernelSpec scheduled() const;
  static std::map<std::string, Attribute> attributesOf(const Window &window, bool pool);

  const TargetInfo target;
  Schedule schedule;

private:
  KernelSpec kernel;
};

/// Output extents [h, w] of a window over an image of [h, w].
std::vector<int64_t> windowOutputs(const Window &window, int64_t height, int64_t width);

} // namespace fovea::test
