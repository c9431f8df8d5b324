// What a training run shows: a bar that is redrawn on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fovea {

/// One epoch's (or run's) bar on standard error. Elsewhere than on a terminal it is silent: the lines that sum up each
/// epoch, printed by the caller through line(), are all there is.
class Progress {
public:
  explicit Progress(bool enabled = true);
  ~Progress() { clear(); }

  /// Redraws at most ten times a second: "epoch 2/10 ━━━━━━╸──── 61% 12345 images/s  ETA 0:12  loss ...".
  void show(const std::string &title, int64_t done, int64_t total, double imagesPerSecond, double secondsLeft,
            const std::string &tail);

  /// Prints a line on standard output, above the bar.
  void line(const std::string &text);

  void clear();
  bool onTerminal() const { return terminal; }

private:
  bool terminal, drawn = false, unicode;
  std::chrono::steady_clock::time_point last;
};

/// True when the terminal's locale shows UTF-8.
bool localeIsUtf8();

/// "61,706"
std::string withThousands(int64_t value);

/// "0:12", "1:02:03"
std::string durationText(double seconds);

} // namespace fovea
