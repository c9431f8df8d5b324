#include "runtime/Communicator.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace fovea {

void SingleProcess::gather(const void *mine, int64_t bytes, void *all) { std::memcpy(all, mine, size_t(bytes)); }

void SingleProcess::abort(int code) { std::_Exit(code); }

std::vector<std::string> gatheredTexts(Communicator &communicator, const std::string &mine) {
  const std::vector<uint64_t> sizes = gathered(communicator, uint64_t(mine.size()));
  const uint64_t longest = *std::max_element(sizes.begin(), sizes.end());
  std::vector<std::string> texts(sizes.size());
  if (longest == 0)
    return texts;
  std::string padded = mine, all(longest * sizes.size(), 0);
  padded.resize(longest);
  communicator.gather(padded.data(), int64_t(longest), all.data());
  for (size_t i = 0; i < sizes.size(); ++i)
    texts[i] = all.substr(i * longest, sizes[i]);
  return texts;
}

void agreeOn(Communicator &communicator, const std::function<void()> &work) {
  std::string problem;
  try {
    work();
  } catch (const std::bad_alloc &) {
    problem = nameOf(communicator) + "out of memory";
  } catch (const std::exception &thrown) {
    problem = thrown.what();
  }
  for (const std::string &text : gatheredTexts(communicator, problem))
    if (!text.empty())
      throw SharedError(text);
}

std::string nameOf(const Communicator &communicator) {
  if (communicator.size == 1)
    return "";
  return std::string(communicator.member) + " " + std::to_string(communicator.rank) + " of " + std::to_string(communicator.size) + ": ";
}

Share Share::upTo(int64_t end) const { return {std::min(first, end), std::min(last, end)}; }

Share shareOf(int64_t whole, int64_t part, int64_t parts) { return {whole * part / parts, whole * (part + 1) / parts}; }

} // namespace fovea
