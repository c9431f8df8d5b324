#include "runtime/Folder.h"

#include "runtime/Error.h"
#include "runtime/ThreadPool.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <thread>

namespace fovea {

namespace {

namespace fs = std::filesystem;

bool isPicture(const fs::path &path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
}

/// Sorted, so that classes and files have the same numbers on every file system.
std::vector<fs::path> sortedEntries(const fs::path &directory, const std::function<bool(const fs::path &)> &wanted) {
  std::vector<fs::path> found;
  std::error_code problem;
  for (fs::directory_iterator entry(directory, problem), end; !problem && entry != end; entry.increment(problem))
    if (const std::string name = entry->path().filename().string(); !name.starts_with('.') && wanted(entry->path()))
      found.push_back(entry->path());
  if (problem)
    throw Error(fmt::format("{}: cannot be read: {}", directory.string(), problem.message()));
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace

PictureFolder listPictures(const std::string &directory) {
  PictureFolder folder;
  auto isFolder = [](const fs::path &path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
  };
  for (const fs::path &pictures : sortedEntries(directory, isFolder)) {
    const std::vector<fs::path> files = sortedEntries(pictures, isPicture);
    if (files.empty())
      throw Error(fmt::format("{}: holds no .jpg, .jpeg or .png file; remove the folder, or fill it", pictures.string()));
    for (const fs::path &file : files) {
      folder.files.push_back(file.string());
      folder.labels.push_back(int32_t(folder.classes.size()));
    }
    folder.classes.push_back(pictures.filename().string());
  }
  if (folder.classes.empty())
    throw Error(fmt::format("{}: holds no folders; expected one for each class, with its pictures in it", directory));
  return folder;
}

void forEachInParallel(int64_t count, const std::function<void(int64_t)> &body) {
  std::atomic<int64_t> next{0};
  std::mutex lock;
  std::exception_ptr problem;
  int64_t where = count;
  auto work = [&] {
    for (int64_t index; (index = next++) < count;)
      try {
        body(index);
      } catch (...) {
        std::lock_guard guard(lock);
        if (index < where) {
          where = index;
          problem = std::current_exception();
        }
        next = count; // Those that run are finished; lower indices were begun before.
      }
  };
  std::vector<std::jthread> threads;
  for (int64_t i = 1; i < std::min<int64_t>(count, threadCount()); ++i)
    threads.emplace_back(work);
  work();
  threads.clear();
  if (problem)
    std::rethrow_exception(problem);
}

} // namespace fovea
