// Networks in ONNX (onnx.ai), opset 7 and later.
#pragma once

#include "frontend/import/Network.h"

#include <string>

namespace fovea {

/// Throws Error, one line that names the node, for what the language cannot say. `inputShape` (without the batch) is
/// for files that leave it open; else empty.
ImportedNetwork importOnnx(const std::string &file, const std::vector<int64_t> &inputShape);

} // namespace fovea
