// Networks in Caffe's formats (Jia et al. 2014).
#pragma once

#include "frontend/import/Network.h"

#include <string>
#include <vector>

namespace fovea {

struct CaffeFiles {
  std::string network;             ///< .prototxt, or a .caffemodel that describes its network itself.
  std::string weights;             ///< .caffemodel; empty: none, or that of `network`.
  std::string solver;              ///< Solver's .prototxt; empty: no train block.
  std::vector<int64_t> inputShape; ///< For networks that do not say it.
};

/// The network as it is tested: layers of training only, losses and accuracies are left out. Throws Error, one line
/// that names the layer, for what the language cannot say.
ImportedNetwork importCaffe(const CaffeFiles &files);

} // namespace fovea
