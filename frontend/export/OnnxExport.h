// `fovea export`: a model file and its parameters as an ONNX model.
#pragma once

#include <string>

namespace fovea {

struct ExportOptions {
  std::string model;   ///< a model file
  std::string weights; ///< its parameters (safetensors), a checkpoint too
  std::string output;  ///< empty: the model's name with .onnx
};

/// Writes the network as it infers (opset 13, any batch). Returns false when the model file has errors, which were told
/// on standard error. Throws Error, one line.
bool exportNetwork(const ExportOptions &options);

} // namespace fovea
