#include "runtime/Targets.h"
#include "runtime/Error.h"
#include "runtime/device/Device.h"

#include <algorithm>
#include <charconv>
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

DeviceChoice readDevice(const std::string &text) {
  DeviceChoice choice{text.substr(0, text.find(':')), 0};
  const bool numbered = choice.api.size() < text.size(), known = choice.api == "cuda" || choice.api == "opencl";
  bool sound = known || ((choice.api == "cpu" || choice.api.empty()) && !numbered);
  if (numbered) {
    const char *begin = text.data() + choice.api.size() + 1, *end = text.data() + text.size();
    auto [next, problem] = std::from_chars(begin, end, choice.index);
    sound &= problem == std::errc() && next == end && choice.index >= 0;
  }
  if (!sound)
    throw Error("--device: expected cpu, cuda, opencl, or one of several like cuda:1, not `" + text + "`");
  return choice;
}

std::string firstDevice(const std::string &devices) { return devices.substr(0, devices.find(',')); }

std::vector<int> readDevices(const std::string &text) {
  std::vector<int> numbers;
  std::istringstream words(text + ",");
  const std::string api = readDevice(firstDevice(text)).api;
  for (std::string word; std::getline(words, word, ',');) {
    const DeviceChoice choice = readDevice(word);
    if (choice.api.empty() || choice.api == "cpu" || choice.api != api)
      throw Error("--devices: expected devices of one kind with commas between, like cuda:0,cuda:1, not `" + text + "`");
    if (std::find(numbers.begin(), numbers.end(), choice.index) != numbers.end())
      throw Error("--devices: `" + word + "` is named twice");
    numbers.push_back(choice.index);
  }
  return numbers;
}

const fovea_program &chooseTarget(const fovea_program &first, const char *forced, const std::string &api,
                                  bool (*supports)(std::string_view)) {
  const std::string wanted = forced ? forced : "";
  std::string missing;
  for (const fovea_program *program = &first; program; program = program->next) {
    const auto *backend = static_cast<const DeviceBackend *>(program->backend);
    if (!wanted.empty() && wanted != program->target)
      continue;
    if (!api.empty() && api != (backend ? backend->api : "cpu"))
      continue;
    if (backend) {
      if (!wanted.empty() || !api.empty() || backend->hasGpu())
        return *program;
      continue;
    }
    const std::string lacks = lacking(*program, supports);
    if (lacks.empty())
      return *program;
    missing += (missing.empty() ? "" : "; ") + lacks;
  }
  if (!missing.empty())
    throw Error("this CPU lacks what this program needs: " + missing);
  if (!api.empty())
    throw Error("--device: this program was compiled for " + listed(targetNames(first)) + ", not for " +
                (api == "cpu" ? "a CPU" : "`" + api + "`"));
  if (wanted.empty()) // Devices alone: let the first say what it wants.
    return first;
  throw Error("FOVEA_TARGET: this program was compiled for " + listed(targetNames(first)) + ", not for `" + wanted +
              "`");
}

} // namespace fovea
