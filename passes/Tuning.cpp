#include "passes/Tuning.h"

#include "ir/Versions.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <tuple>

namespace fovea {

namespace {

using Json = nlohmann::ordered_json;

constexpr int formatVersion = 1;

int lineOf(const std::string &text, size_t position) {
  return 1 + int(std::count(text.begin(), text.begin() + std::ptrdiff_t(std::min(position, text.size())), '\n'));
}

/// Finds the line of each record by its name, which stands in the file once a section.
class Lines {
public:
  explicit Lines(const std::string &text) : text(text) {}

  int next(const std::string &name) {
    from = std::min(text.find(Json(name).dump(), from), text.size());
    return last = lineOf(text, from);
  }
  int last = 1;

private:
  const std::string &text;
  size_t from = 0;
};

/// 512.34: more digits would only be noise.
Json digits(double microseconds) { return std::round(microseconds * 100) / 100; }

Json toJson(const Schedule &schedule) {
  Json json = Json::object();
  for (const auto &[key, value] : schedule)
    json[key] = value;
  return json;
}

Json toJson(const KernelRecord &record) {
  return {{"label", record.label},
          {"kernel", record.kernel},
          {"schedule", toJson(record.schedule)},
          {"us", digits(record.microseconds)},
          {"untuned_us", digits(record.untuned)}};
}

Json toJson(const ConvolutionRecord &record) {
  return {{"convolution", record.convolution},
          {"winograd_tile", record.tile},
          {"us", digits(record.microseconds)},
          {"untuned_us", digits(record.untuned)}};
}

template <typename Record> std::string listText(const std::vector<Record> &records) {
  std::string text = "[";
  for (const Record &record : records)
    text += (&record == &records.front() ? "\n        " : ",\n        ") + toJson(record).dump();
  return text + "]";
}

std::string machineText(const MachineRecords &machine) {
  std::string text = "    {\n";
  auto line = [&](const char *name, const Json &value) { text += "      \"" + std::string(name) + "\": " + value.dump() + ",\n"; };
  line("target", machine.target);
  line("cpu", machine.cpu);
  line("lanes", machine.lanes);
  line("cores", machine.cores);
  line("peak_gflops", std::round(machine.peakGflops));
  line("fovea", machine.fovea);
  line("halide", machine.halide);
  line("schedules", machine.schedules);
  return text + "      \"convolutions\": " + listText(machine.convolutions) + ",\n      \"kernels\": " +
         listText(machine.kernels) + "\n    }";
}

MachineRecords readMachine(const Json &json, Lines &lines) {
  MachineRecords machine;
  machine.target = json.at("target");
  machine.line = lines.next(machine.target);
  machine.cpu = json.at("cpu");
  machine.lanes = json.at("lanes");
  machine.cores = json.at("cores");
  machine.peakGflops = json.at("peak_gflops");
  machine.fovea = json.at("fovea");
  machine.halide = json.at("halide");
  machine.schedules = json.at("schedules");
  for (const Json &each : json.at("convolutions"))
    machine.convolutions.push_back({each.at("convolution"), each.at("winograd_tile"), each.at("us"),
                                    each.at("untuned_us"), lines.next(each.at("convolution"))});
  for (const Json &each : json.at("kernels"))
    machine.kernels.push_back({each.at("kernel"), each.at("label"), each.at("schedule").get<Schedule>(), each.at("us"),
                               each.at("untuned_us"), lines.next(each.at("kernel"))});
  return machine;
}

uint64_t hashOf(const std::string &text) { // FNV-1a
  uint64_t hash = 14695981039346656037u;
  for (const char character : text)
    hash = (hash ^ uint8_t(character)) * 1099511628211u;
  return hash;
}

} // namespace

std::string kernelKey(const KernelSpec &kernel) {
  KernelSpec unscheduled = kernel;
  unscheduled.schedule.clear();
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hashOf(toJson(unscheduled))));
  return digits;
}

MachineRecords MachineRecords::of(const TargetInfo &target) {
  return {.target = target.name,
          .cpu = cpuName(),
          .lanes = target.vectorLanes,
          .cores = target.cores,
          .fovea = versions::fovea,
          .halide = versions::halide};
}

bool MachineRecords::sameMachine(const MachineRecords &other) const {
  return target == other.target && cpu == other.cpu && lanes == other.lanes && cores == other.cores;
}

std::string MachineRecords::whyRefused() const {
  const std::string again = "; run fovea tune again";
  if (schedules != schedulesVersion)
    return "they were measured with version " + std::to_string(schedules) + " of the schedules, and this is version " +
           std::to_string(schedulesVersion) + again;
  if (halide != versions::halide)
    return "they were measured with Halide " + halide + ", and this is " + versions::halide + again;
  return "";
}

TuningFile TuningFile::parse(const std::string &path, const std::string &text) {
  TuningFile file{path, {}};
  Lines lines(text);
  try {
    const Json root = Json::parse(text);
    if (const int format = root.at("format"); format != formatVersion)
      throw std::invalid_argument(path + ": is of format " + std::to_string(format) + ", and this compiler reads " +
                                  std::to_string(formatVersion));
    for (const Json &machine : root.at("machines"))
      file.machines.push_back(readMachine(machine, lines));
  } catch (const Json::parse_error &error) {
    throw std::invalid_argument(path + ":" + std::to_string(lineOf(text, error.byte)) + ": is not JSON");
  } catch (const Json::exception &error) { // "[json.exception.out_of_range.403] key 'cpu' not found"
    const std::string what = error.what();
    throw std::invalid_argument(path + ":" + std::to_string(lines.last) + ": is no file of tuning records: " +
                                what.substr(what.find("] ") + 2));
  }
  return file;
}

TuningFile TuningFile::read(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream)
    throw std::runtime_error(path + ": cannot read tuning records");
  return parse(path, text);
}

std::string TuningFile::toText() const {
  std::string text = "{\n  \"format\": " + std::to_string(formatVersion) + ",\n  \"machines\": [";
  for (MachineRecords machine : machines) {
    std::sort(machine.convolutions.begin(), machine.convolutions.end(),
              [](auto &a, auto &b) { return a.convolution < b.convolution; });
    std::sort(machine.kernels.begin(), machine.kernels.end(),
              [](auto &a, auto &b) { return std::tie(a.label, a.kernel) < std::tie(b.label, b.kernel); });
    text += (text.back() == '[' ? "\n" : ",\n") + machineText(machine);
  }
  return text + "\n  ]\n}\n";
}

Tuning::Tuning(const std::string &paths, const TargetInfo &target) {
  std::istringstream list(paths);
  for (std::string path; std::getline(list, path, ';');)
    files.push_back(TuningFile::read(path));
  const MachineRecords here = MachineRecords::of(target);
  for (const TuningFile &file : files) {
    // This CPU's records; or another's, for the same instructions, lanes and cores: better than none.
    const MachineRecords *best = nullptr;
    for (const MachineRecords &machine : file.machines)
      if (machine.target == here.target && machine.lanes == here.lanes && machine.cores == here.cores &&
          (!best || machine.cpu == here.cpu))
        best = &machine;
    if (!best)
      continue;
    if (const std::string why = best->whyRefused(); !why.empty())
      refusals.push_back(file.path + ":" + std::to_string(best->line) + ": the records for " + best->cpu + " and " +
                         best->target + " are refused: " + why);
    else
      used.push_back({&file, best});
  }
}

const KernelRecord *Tuning::find(const KernelSpec &kernel) const {
  if (used.empty())
    return nullptr;
  const std::string key = kernelKey(kernel);
  for (auto [file, machine] : used)
    for (const KernelRecord &record : machine->kernels)
      if (record.kernel == key)
        return &record;
  return nullptr;
}

std::optional<int64_t> Tuning::tileFor(const std::string &convolution) const {
  for (auto [file, machine] : used)
    for (const ConvolutionRecord &record : machine->convolutions)
      if (record.convolution == convolution)
        return record.tile;
  return std::nullopt;
}

std::string Tuning::where(const KernelRecord &record) const {
  for (auto [file, machine] : used)
    if (!machine->kernels.empty() && &record >= &machine->kernels.front() && &record <= &machine->kernels.back())
      return file->path + ":" + std::to_string(record.line);
  return "";
}

} // namespace fovea
