#include "frontend/import/Import.h"

#include "frontend/import/Network.h"
#include "frontend/import/caffe/CaffeImport.h"
#include "frontend/import/onnx/OnnxImport.h"
#include "runtime/Error.h"

#include <filesystem>

namespace fovea {

namespace {

ImportedNetwork read(const ImportOptions &options) {
  const std::string &first = options.files.front();
  auto endsIn = [](const std::string &path, const char *ending) { return path.ends_with(ending); };
  if (endsIn(first, ".prototxt") || endsIn(first, ".caffemodel")) {
    if (options.files.size() > 2 || (options.files.size() == 2 && !endsIn(options.files[1], ".caffemodel")))
      throw Error("expected a network (.prototxt) and perhaps its parameters (.caffemodel), not `" +
                  options.files.back() + "`");
    return importCaffe({.network = first,
                        .weights = options.files.size() == 2 ? options.files[1] : "",
                        .solver = options.solver,
                        .inputShape = options.inputShape});
  }
  if (!endsIn(first, ".onnx"))
    throw Error(first + ": expected a file that ends in .onnx, .prototxt or .caffemodel");
  if (options.files.size() > 1)
    throw Error("expected one ONNX file, not `" + options.files[1] + "` too");
  if (!options.solver.empty())
    throw Error("--solver goes with Caffe's networks, not with " + first);
  return importOnnx(first, options.inputShape);
}

} // namespace

void importNetwork(const ImportOptions &options) {
  std::string output = options.output;
  if (output.empty())
    output = std::filesystem::path(options.files.front()).replace_extension(".net").string();
  if (!output.ends_with(".net"))
    throw Error(output + ": a model file's name ends in .net");
  writeImported(read(options), output);
}

} // namespace fovea
