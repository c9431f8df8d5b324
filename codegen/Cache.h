// Compiled kernels on disk, so that a network that was compiled before is only linked again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fovea {

/// Lower-case hexadecimal SHA-256.
std::string sha256(std::string_view text);

/// One file per object, named by its key, with a checksum. Nothing here ever fails a compilation: what cannot be read
/// is compiled, what cannot be written is told once on standard error.
class Cache {
public:
  /// `$FOVEA_CACHE_DIR`, `$XDG_CACHE_HOME/fovea` or `~/.cache/fovea`; empty when none of these is set.
  static std::string defaultFolder();

  /// An empty folder switches the cache off.
  explicit Cache(std::string folder) : folder(std::move(folder)) {}

  /// The object stored under the key; nothing when there is none or the file is damaged. May be called by many threads.
  std::optional<std::string> load(const std::string &key) const;

  /// Stores the object, whole or not at all. Not to be called by several threads at once.
  void store(const std::string &key, std::string_view object);

private:
  std::string folder;
  bool complained = false;

  std::string path(const std::string &key) const;
};

} // namespace fovea
