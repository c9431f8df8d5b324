#include "codegen/BufferDims.h"

#include <array>
#include <stdexcept>

namespace fovea {

namespace {

/// The [O,I,KH,KW] view through which a weight is packed.
std::array<int64_t, 4> packedView(const TensorSpec &tensor) {
  if (tensor.shape.size() == 4)
    return {tensor.shape[0], tensor.shape[1], tensor.shape[2], tensor.shape[3]};
  return {tensor.shape.at(0), tensor.spatial.at(0), tensor.spatial.at(1), tensor.spatial.at(2)};
}

std::vector<int64_t> extents(const TensorSpec &tensor) {
  const int64_t block = tensor.block;
  switch (tensor.layout) {
  case LayoutKind::Plain:
    return {tensor.shape.rbegin(), tensor.shape.rend()};
  case LayoutKind::ChannelsLast:
    if (tensor.shape.size() == 2)
      return {block, tensor.shape[0]};
    if (tensor.shape.size() == 3)
      return {block, tensor.shape[2], tensor.shape[1]};
    return {block, tensor.shape.at(3), tensor.shape.at(2), tensor.shape.at(0)};
  case LayoutKind::Vector:
    return {block};
  case LayoutKind::Weight: {
    auto [o, i, kh, kw] = packedView(tensor);
    if (tensor.element == ElementType::BF16) // Two inputs of an output side by side.
      return {2 * block, (i + 1) / 2, kw, kh, (o + block - 1) / block};
    return {block, i, kw, kh, (o + block - 1) / block};
  }
  case LayoutKind::LocalWeight: {
    const auto &shape = tensor.shape;
    return {block, shape.at(3), shape.at(5), shape.at(4), shape[1] * shape[2] * ((shape[0] + block - 1) / block)};
  }
  case LayoutKind::WeightTransposed: {
    auto [o, i, kh, kw] = packedView(tensor);
    return {block, o, kw, kh, (i + block - 1) / block};
  }
  }
  throw std::logic_error("a layout without dimensions");
}

} // namespace

std::vector<BufferDim> bufferDims(const TensorSpec &tensor) {
  std::vector<BufferDim> dims;
  int64_t stride = 1;
  for (int64_t extent : extents(tensor)) {
    dims.push_back({extent, stride});
    stride *= extent;
  }
  return dims;
}

BufferType bufferType(ElementType element) {
  enum { Int, UInt, Float, BFloat = 4 };
  switch (element) {
  case ElementType::F32:
    return {Float, 32};
  case ElementType::I32:
    return {Int, 32};
  case ElementType::U8:
    return {UInt, 8};
  case ElementType::BF16:
    return {BFloat, 16};
  }
  throw std::logic_error("unknown element type");
}

} // namespace fovea
