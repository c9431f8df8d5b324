#include "runtime/Checkpoint.h"
#include "runtime/Error.h"
#include "runtime/Weights.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace fovea {
namespace {

constexpr const char *format = "fovea checkpoint";

/// Reads the whole of `text` as a number of at least zero, or says which entry of which file is not one.
template <typename Number> Number readNumber(const Safetensors &file, const std::string &key) {
  auto found = file.metadata.find(key);
  Number value{};
  if (found != file.metadata.end()) {
    const std::string &text = found->second;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= 0 &&
        std::isfinite(static_cast<double>(value)))
      return value;
  }
  throw Error(file.path + ": the checkpoint has no valid `" + key + "`; take another checkpoint");
}

} // namespace

void saveCheckpoint(const Session &session, const RunState &state, const std::string &path) {
  NamedTensors tensors;
  tensors.add(session, ParameterBlock::Value);
  tensors.add(session, ParameterBlock::Momentum, momentumPrefix);
  char lr[40];
  *std::to_chars(lr, lr + sizeof(lr) - 1, state.lr).ptr = 0; // the shortest text that reads back to the same double
  std::map<std::string, std::string> metadata = classMetadata(session);
  metadata.merge(std::map<std::string, std::string>{{"format", format},
                                                    {"network", session.program.network},
                                                    {"seed", std::to_string(state.seed)},
                                                    {"iteration", std::to_string(state.iteration)},
                                                    {"total_iterations", std::to_string(state.totalIterations)},
                                                    {"batch", std::to_string(state.batch)},
                                                    {"train_images", std::to_string(state.trainImages)},
                                                    {"plateau_reductions", std::to_string(state.plateau.reductions)},
                                                    {"plateau_best", std::to_string(state.plateau.best)},
                                                    {"plateau_waited", std::to_string(state.plateau.waited)},
                                                    {"lr", lr}});
  writeSafetensors(path, tensors.views, metadata);
}

RunState loadCheckpoint(Session &session, const std::string &path) {
  Safetensors file = readSafetensors(path);
  auto found = file.metadata.find("format");
  if (found == file.metadata.end() || found->second != format)
    throw Error(path + ": not a checkpoint: it holds no state of a training run; start from it with --weights");
  RunState state;
  state.seed = readNumber<uint64_t>(file, "seed");
  state.iteration = readNumber<int64_t>(file, "iteration");
  state.totalIterations = readNumber<int64_t>(file, "total_iterations");
  state.batch = readNumber<int64_t>(file, "batch");
  state.trainImages = readNumber<int64_t>(file, "train_images");
  state.lr = readNumber<double>(file, "lr");
  state.plateau = {readNumber<int64_t>(file, "plateau_reductions"), readNumber<int64_t>(file, "plateau_best"),
                   readNumber<int64_t>(file, "plateau_waited")};

  setWeights(session, file);
  for (const ParameterInfo &parameter : session.program.parameters)
    if (parameter.trainable)
      session.set(parameter, file.tensors.at(momentumPrefix + parameter.name).values.data(), ParameterBlock::Momentum);
  return state;
}

} // namespace fovea
