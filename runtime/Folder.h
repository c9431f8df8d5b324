// A folder with a folder of pictures for each class; and work on many files at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fovea {

struct PictureFolder {
  std::vector<std::string> classes; ///< Names of the folders, sorted; a class's number is its place here.
  std::vector<std::string> files;   ///< Paths, by class, then by name.
  std::vector<int32_t> labels;      ///< Class of each file.
};

/// Lists .jpg, .jpeg and .png files (in any case) of each class. Throws Error when there is no class, or one is empty.
PictureFolder listPictures(const std::string &directory);

/// Calls `body` for 0 ... count - 1 on as many threads as there are cores. The exception of the lowest index that threw
/// is thrown again, whatever the order was.
void forEachInParallel(int64_t count, const std::function<void(int64_t)> &body);

} // namespace fovea
