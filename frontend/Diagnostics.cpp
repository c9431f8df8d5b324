#include "frontend/Diagnostics.h"

#include <algorithm>
#include <numeric>

namespace fovea {

namespace {

/// More than this many errors say nothing new: a file that is not a model at all produces one for every word.
constexpr size_t mostErrors = 50;
constexpr size_t longestLine = 160, longestMessage = 500;

/// Names and numbers of any length are quoted in messages.
std::string abridged(std::string message) {
  if (message.size() > longestMessage)
    message = message.substr(0, longestMessage) + "...";
  return message;
}

} // namespace

Source::Position Source::position(Location location) const {
  location = std::min(location, text.size());
  const size_t start = location == 0 ? std::string::npos : text.rfind('\n', location - 1);
  const size_t first = start == std::string::npos ? 0 : start + 1;
  return {1 + int(std::count(text.begin(), text.begin() + first, '\n')), 1 + int(location - first)};
}

std::string_view Source::line(Location location) const {
  location = std::min(location, text.size());
  const size_t start = location == 0 ? std::string::npos : text.rfind('\n', location - 1);
  const size_t first = start == std::string::npos ? 0 : start + 1;
  size_t last = std::min(text.find('\n', location), text.size());
  if (last > first && text[last - 1] == '\r')
    --last;
  return std::string_view(text).substr(first, last - first);
}

void Diagnostics::error(Location location, std::string message, std::string help) {
  message = abridged(std::move(message));
  for (const Diagnostic &known : diagnostics)
    if (known.isError && known.location == location && known.message == message)
      return;
  if (errors++ < mostErrors)
    diagnostics.push_back({true, location, std::move(message), abridged(std::move(help))});
}

void Diagnostics::warning(Location location, std::string message, std::string help) {
  for (const Diagnostic &known : diagnostics)
    if (!known.isError && known.location == location && known.message == message)
      return; // A block that is called twice.
  if (warnings++ < mostErrors)
    diagnostics.push_back({false, location, abridged(std::move(message)), abridged(std::move(help))});
}

bool Diagnostics::full() const { return errors >= mostErrors; }

std::string Diagnostics::print() const {
  auto sorted = diagnostics;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Diagnostic &a, const Diagnostic &b) { return a.location < b.location; });
  std::string text;
  for (const Diagnostic &diagnostic : sorted) {
    const auto [line, column] = source.position(diagnostic.location);
    text += source.name + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " +
            (diagnostic.isError ? "error: " : "warning: ") + diagnostic.message + "\n";
    std::string shown(source.line(diagnostic.location));
    if (shown.size() <= longestLine) {
      for (char &letter : shown)
        if (static_cast<unsigned char>(letter) < ' ')
          letter = ' ';
      text += "  " + shown + "\n  " + std::string(size_t(column - 1), ' ') + "^\n";
    }
    if (!diagnostic.help.empty())
      text += "  help: " + diagnostic.help + "\n";
  }
  if (errors > mostErrors)
    text += source.name + ": " + std::to_string(errors - mostErrors) + " more errors are not shown\n";
  return text;
}

std::string nearest(std::string_view word, const std::vector<std::string> &candidates) {
  std::string best;
  size_t bestDistance = std::max<size_t>(2, word.size() / 2) + 1;
  for (const std::string &candidate : candidates) {
    if (word.size() > 64)
      break;
    // Levenshtein's distance, a row at a time.
    std::vector<size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), size_t(0));
    for (size_t i = 1; i <= word.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= candidate.size(); ++j) {
        const size_t above = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (word[i - 1] != candidate[j - 1])});
        diagonal = above;
      }
    }
    if (row.back() < bestDistance) {
      bestDistance = row.back();
      best = candidate;
    }
  }
  return best;
}

} // namespace fovea
