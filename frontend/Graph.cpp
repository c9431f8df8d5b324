#include "frontend/Graph.h"

namespace fovea {

int64_t elements(const std::vector<int64_t> &shape) {
  int64_t product = 1;
  for (int64_t extent : shape)
    product *= extent;
  return product;
}

std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

int64_t Graph::classes() const {
  const auto &shape = nodes[output].shape;
  return elements(shape) == shape[0] ? shape[0] : 0;
}

} // namespace fovea
