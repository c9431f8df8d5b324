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

std::vector<bool> Graph::neededBy(const std::vector<int> &results) const {
  std::vector<bool> needed(nodes.size());
  for (int result : results)
    needed[size_t(result)] = true;
  for (size_t index = nodes.size(); index-- > 0;)
    if (needed[index])
      for (int input : nodes[index].inputs)
        needed[size_t(input)] = true;
  return needed;
}

} // namespace fovea
