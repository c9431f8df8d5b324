// The one exception of the runtime: a user's mistake or a failing machine, told in one line.
#pragma once

#include <stdexcept>
#include <string>

namespace fovea {

/// `what()` is one line that names the file or argument, what was wrong and what was expected. main() prints it after
/// the program's name and exits with 1; the C API returns it as a message.
class Error : public std::runtime_error {
public:
  explicit Error(const std::string &message) : std::runtime_error(message) {}
};

} // namespace fovea
