#include "runtime/Targets.h"
#include "runtime/Error.h"

#include <sstream>

namespace fovea {
namespace {

/// "a, b and c".
std::string listed(const std::vector<std::string> &words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

/// "avx512f and avx512bw for x86-64-v4"; empty when nothing is missing.
std::string lacking(const fovea_program &program, bool (*supports)(std::string_view)) {
  std::vector<std::string> missing;
  for (std::string &feature : neededFeatures(program))
    if (!supports(feature))
      missing.push_back(std::move(feature));
  return missing.empty() ? "" : listed(missing) + " for " + program.target;
}

} // namespace

std::vector<std::string> neededFeatures(const fovea_program &program) {
  std::vector<std::string> features;
  std::istringstream words(program.needs);
  for (std::string word; words >> word;)
    features.push_back(word);
  return features;
}

std::vector<std::string> targetNames(const fovea_program &first) {
  std::vector<std::string> names;
  for (const fovea_program *program = &first; program; program = program->next)
    names.push_back(program->target);
  return names;
}

const fovea_program &chooseTarget(const fovea_program &first, const char *forced, bool (*supports)(std::string_view)) {
  const std::string wanted = forced ? forced : "";
  std::string missing;
  for (const fovea_program *program = &first; program; program = program->next) {
    if (!wanted.empty() && wanted != program->target)
      continue;
    const std::string lacks = lacking(*program, supports);
    if (lacks.empty())
      return *program;
    missing += (missing.empty() ? "" : "; ") + lacks;
  }
  if (missing.empty())
    throw Error("FOVEA_TARGET: this program was compiled for " + listed(targetNames(first)) + ", not for `" + wanted +
                "`");
  throw Error("this CPU lacks what this program needs: " + missing);
}

} // namespace fovea
