// How a long command tells what it is at.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <unistd.h>

namespace fovea {

/// "2:05".
inline std::string minutes(double seconds) {
  char text[32];
  const int whole = std::max(0, int(seconds));
  std::snprintf(text, sizeof text, "%d:%02d", whole / 60, whole % 60);
  return text;
}

/// One line that changes on a terminal, lines of their own elsewhere.
class Progress {
public:
  void show(const std::string &text) const {
    if (terminal)
      std::fprintf(stderr, "\r\033[K%s", text.substr(0, 110).c_str());
  }
  void clear() const {
    if (terminal)
      std::fprintf(stderr, "\r\033[K");
  }
  void done(const std::string &text) const { std::fprintf(stderr, terminal ? "\r\033[K%s\n" : "%s\n", text.c_str()); }

private:
  const bool terminal = isatty(2) == 1;
};

} // namespace fovea
