// Where the driver writes: checks made before any work, and files that appear whole or not at all.
#pragma once

#include "codegen/Plan.h"

#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// Throws std::runtime_error when `path` cannot become a file: it is a folder, or its folder is missing or not
/// writable. A compilation can take seconds; what can be refused at once is.
void checkWritable(const std::string &path);

/// As checkWritable, for what is made beside `path` and renamed onto it: refuses devices and pipes, which would be
/// replaced, and the model file itself.
void checkReplaceable(const std::string &path, const std::string &model);

/// Makes the folder when it is missing. Throws std::runtime_error.
void makeFolder(const std::string &path);

/// To the file, or to standard output when `path` is empty or "-".
void writeText(const std::string &path, std::string_view text);

/// The model's name without folders and extension: "models/lenet.net" is "lenet".
std::string stemOf(const std::string &path);

/// The name as a C identifier: "lenet5-1998" is "lenet5_1998".
std::string identifierOf(const std::string &name);

/// A file name for each kernel, without extension, made of the function and the layer that call it first.
std::vector<std::string> kernelFileNames(const std::vector<PlannedKernel> &kernels);

} // namespace fovea
