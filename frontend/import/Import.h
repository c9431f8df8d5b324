// `fovea import`: other tools' networks as model files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fovea {

struct ImportOptions {
  std::vector<std::string> files;  ///< net.onnx, or net.prototxt, and perhaps net.caffemodel
  std::string output;              ///< empty: the first file's name with .net
  std::string solver;              ///< Caffe's, for the train block
  std::vector<int64_t> inputShape; ///< for networks that do not say it
};

/// Writes the model file and its parameters. Throws Error, one line.
void importNetwork(const ImportOptions &options);

} // namespace fovea
