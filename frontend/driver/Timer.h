// How long each stage took, for --time.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace fovea {

class Timer {
public:
  /// The time since the previous call was spent on `stage`.
  void lap(const std::string &stage) {
    const Clock::time_point now = Clock::now();
    laps.emplace_back(stage, milliseconds(now - last));
    last = now;
  }

  void print() const {
    for (const auto &[stage, time] : laps)
      std::fprintf(stderr, "%9.1f ms  %s\n", time, stage.c_str());
    std::fprintf(stderr, "%9.1f ms  in all\n", milliseconds(last - first));
  }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point first = Clock::now(), last = first;
  std::vector<std::pair<std::string, double>> laps;

  static double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }
};

} // namespace fovea
