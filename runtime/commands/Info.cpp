#include "runtime/Progress.h"
#include "runtime/commands/Commands.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace fovea {
namespace {

std::string times(const std::vector<int64_t> &shape) {
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : "×") + std::to_string(extent);
  return text.empty() ? "1" : text;
}

std::string memoryText(int64_t bytes) {
  char text[32];
  if (bytes >= 1024 * 1024)
    std::snprintf(text, sizeof(text), "%.1f MiB", static_cast<double>(bytes) / (1024 * 1024));
  else
    std::snprintf(text, sizeof(text), "%.1f KiB", static_cast<double>(bytes) / 1024);
  return text;
}

/// A table whose columns are as wide as their widest cell; the first `left` columns are aligned to the left.
class Table {
public:
  explicit Table(size_t left) : left(left) {}
  void row(std::vector<std::string> cells) { rows.push_back(std::move(cells)); }

  void print() const {
    std::vector<size_t> widths;
    for (const auto &cells : rows)
      for (size_t i = 0; i < cells.size(); ++i) {
        widths.resize(std::max(widths.size(), i + 1));
        widths[i] = std::max(widths[i], width(cells[i]));
      }
    for (const auto &cells : rows) {
      std::string line;
      for (size_t i = 0; i < cells.size(); ++i) {
        std::string space(widths[i] - width(cells[i]), ' ');
        line += (i ? "  " : "") + (i < left ? cells[i] + space : space + cells[i]);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      std::printf("%s\n", line.c_str());
    }
  }

private:
  /// Characters, not bytes: UTF-8's continuation bytes take no room.
  static size_t width(const std::string &text) {
    return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
  }

  size_t left;
  std::vector<std::vector<std::string>> rows;
};

struct Totals {
  int64_t parameters = 0, connections = 0, macs = 0;
};

/// Of the auxiliary classifiers, which serve training only, or of everything else.
Totals totals(const Program &program, bool auxiliary) {
  Totals sum;
  for (const LayerInfo &layer : program.layers)
    if (layer.auxiliary == auxiliary) {
      sum.parameters += layer.parameters;
      sum.connections += layer.connections;
      sum.macs += layer.macs;
    }
  return sum;
}

/// Parameters, with gradients or momentum where it uses them, staging and the arena that one function needs.
int64_t memoryOf(const Program &program, const FunctionInfo &function) {
  const bool one = function.kind == FunctionKind::Step || function.kind == FunctionKind::Train;
  int64_t gradientBlocks = one ? 1 : function.kind == FunctionKind::Update ? 2 : 0;
  int64_t images = program.inputElements() + program.outputElements() + 2;
  return function.arenaBytes +
         4 * (program.parameterFloats + gradientBlocks * program.gradientFloats + function.batch * images);
}

void printJson(const Program &program) {
  const Totals sum = totals(program, false), auxiliary = totals(program, true);
  nlohmann::ordered_json root = {{"network", program.network},
                                 {"input", {{"name", program.inputName}, {"shape", program.inputShape}}},
                                 {"output", {{"name", program.outputName}, {"shape", program.outputShape}}},
                                 {"target", program.target},
                                 {"targets", program.targets},
                                 {"needs", program.needs},
                                 {"cpu", program.cpu},
                                 {"precision", program.precision},
                                 {"parameters", sum.parameters},
                                 {"connections", sum.connections},
                                 {"multiply_adds", sum.macs},
                                 {"flops", 2 * sum.macs},
                                 {"auxiliary_parameters", auxiliary.parameters}};
  for (const LayerInfo &layer : program.layers)
    root["layers"].push_back({{"name", layer.name},
                              {"op", layer.op},
                              {"output", layer.output},
                              {"parameters", layer.parameters},
                              {"connections", layer.connections},
                              {"multiply_adds", layer.macs},
                              {"auxiliary", layer.auxiliary}});
  for (const ParameterInfo &parameter : program.parameters)
    root["tensors"].push_back({{"name", parameter.name},
                               {"shape", parameter.shape},
                               {"trainable", parameter.trainable},
                               {"count", parameter.count}});
  for (const FunctionInfo &function : program.functions)
    root["functions"].push_back({{"name", function.name()},
                                 {"batch", function.batch},
                                 {"kernels", function.kernels.size()},
                                 {"flops", function.flops()},
                                 {"arena_bytes", function.arenaBytes},
                                 {"memory_bytes", memoryOf(program, function)}});
  std::printf("%s\n", root.dump(2).c_str());
}

void printTables(const Program &program) {
  const Totals sum = totals(program, false), auxiliary = totals(program, true);
  std::printf("%s: %s %s -> %s %s\n\n", program.network.c_str(), program.inputName.c_str(),
              times(program.inputShape).c_str(), program.outputName.c_str(), times(program.outputShape).c_str());
  Table layers(3);
  layers.row({"layer", "operation", "output", "parameters", "connections", "multiply-adds"});
  for (const LayerInfo &layer : program.layers)
    layers.row({layer.name, layer.op, times(layer.output), withThousands(layer.parameters),
                withThousands(layer.connections), withThousands(layer.macs)});
  layers.row({"total", "", "", withThousands(sum.parameters), withThousands(sum.connections), withThousands(sum.macs)});
  if (auxiliary.parameters > 0)
    layers.row({"auxiliary, for training only", "", "", withThousands(auxiliary.parameters),
                withThousands(auxiliary.connections), withThousands(auxiliary.macs)});
  layers.print();

  std::printf("\n");
  Table functions(1);
  functions.row({"function", "kernels", "FLOPs", "arena", "memory"});
  for (const FunctionInfo &function : program.functions)
    functions.row({function.name(), std::to_string(function.kernels.size()), withThousands(function.flops()),
                   memoryText(function.arenaBytes), memoryText(memoryOf(program, function))});
  functions.print();
  std::printf("\ntarget %s%s%s, %s\n", program.target.c_str(), program.cpu.empty() ? "" : ", tuned for ",
              program.cpu.c_str(), program.precision.c_str());
  std::string others;
  for (const std::string &target : program.targets)
    if (target != program.target)
      others += (others.empty() ? "" : ", ") + target;
  if (!others.empty())
    std::printf("also compiled for %s, which FOVEA_TARGET chooses\n", others.c_str());
}

} // namespace

int infoCommand(const Program &program, const InfoOptions &options) {
  options.json ? printJson(program) : printTables(program);
  return 0;
}

} // namespace fovea
