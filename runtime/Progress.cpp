#include "runtime/Progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace fovea {

bool localeIsUtf8() {
  for (const char *name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const char *value = std::getenv(name); value && *value) {
      std::string text = value;
      std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
      return text.find("utf-8") != std::string::npos || text.find("utf8") != std::string::npos;
    }
  return false;
}

std::string withThousands(int64_t value) {
  std::string text = std::to_string(value);
  for (int64_t at = static_cast<int64_t>(text.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3)
    text.insert(at, ",");
  return text;
}

std::string durationText(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0)
    return "-";
  auto whole = static_cast<long long>(seconds + 0.5);
  char text[48];
  if (whole >= 3600)
    std::snprintf(text, sizeof(text), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  else
    std::snprintf(text, sizeof(text), "%lld:%02lld", whole / 60, whole % 60);
  return text;
}

Progress::Progress(bool enabled) : terminal(enabled && isatty(STDERR_FILENO)), unicode(localeIsUtf8()) {
  const char *kind = std::getenv("TERM");
  if (kind && std::string(kind) == "dumb")
    terminal = false;
}

void Progress::show(const std::string &title, int64_t done, int64_t total, double imagesPerSecond, double secondsLeft,
                    const std::string &tail) {
  auto now = std::chrono::steady_clock::now();
  if (!terminal || (drawn && done < total && now - last < std::chrono::milliseconds(100)))
    return;
  last = now;
  winsize size{};
  int columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;

  char numbers[96];
  double part = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
  std::snprintf(numbers, sizeof(numbers), " %3.0f%% %s images/s  ETA %s  ", part * 100,
                withThousands(static_cast<int64_t>(imagesPerSecond)).c_str(), durationText(secondsLeft).c_str());
  std::string after = numbers + tail;
  int width = std::min(40, columns - 2 - static_cast<int>(title.size() + after.size()));
  std::string bar;
  if (width >= 5) {
    int full = static_cast<int>(part * width);
    for (int i = 0; i < width; ++i)
      bar += i < full ? (unicode ? "━" : "#") : (unicode ? "─" : "-");
  } else { // too narrow for a bar: as much of the text as fits, for a line that wraps cannot be redrawn
    after.resize(
        std::min(after.size(), static_cast<size_t>(std::max(0, columns - 2 - static_cast<int>(title.size())))));
  }
  std::fprintf(stderr, "\r\033[K%s %s%s", title.c_str(), bar.c_str(), after.c_str());
  std::fflush(stderr);
  drawn = true;
}

void Progress::line(const std::string &text) {
  clear();
  std::fprintf(stdout, "%s\n", text.c_str());
  std::fflush(stdout);
}

void Progress::clear() {
  if (!drawn)
    return;
  std::fprintf(stderr, "\r\033[K");
  std::fflush(stderr);
  drawn = false;
}

} // namespace fovea
