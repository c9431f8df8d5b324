#include "runtime/Error.h"
#include "runtime/Evaluate.h"
#include "runtime/Npy.h"
#include "runtime/Weights.h"
#include "runtime/commands/Commands.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace fovea {
namespace {

/// The network's own numbers for a .npy of images.
void predictNpy(Session &session, const PredictOptions &options) {
  const Program &program = session.program;
  FloatTensor input = readInput(program, options.input);
  Shape shape = program.outputShape;
  shape.insert(shape.begin(), input.shape[0]);
  std::vector<float> output(product(shape));
  session.infer(input.values.data(), input.shape[0], output.data());
  writeNpy(options.output, shape, output.data());
}

/// "digit.png: 7 (99.8 %), 1 (0.1 %), 9 (0.1 %)"
void predictImage(Session &session, const std::string &path, const PredictOptions &options) {
  const Program &program = session.program;
  std::vector<float> input(program.inputElements()), scores(program.outputElements());
  imageToInput(readImage(path), program.inputShape, preprocessOf(session), options.inversion, input.data());
  session.infer(input.data(), 1, scores.data());

  std::vector<double> chance = probabilities(program, scores.data());
  std::vector<int64_t> order(program.classes);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return chance[a] > chance[b]; });
  std::string line = path + ":";
  for (int64_t i = 0; i < std::min(options.top, program.classes); ++i) {
    const auto &names = session.classNames;
    const std::string name = order[i] < int64_t(names.size()) ? names[order[i]] : std::to_string(order[i]);
    char text[32];
    std::snprintf(text, sizeof(text), " (%.1f %%)", 100 * chance[order[i]]);
    line += (i ? ", " : " ") + name + text;
  }
  std::printf("%s\n", line.c_str());
}

} // namespace

int predictCommand(const Program &program, const PredictOptions &options) {
  Session session(program);
  loadWeights(session, options.weights);
  if (!options.input.empty())
    predictNpy(session, options);
  if (!options.images.empty())
    needClasses(program);
  for (const std::string &path : options.images)
    predictImage(session, path, options);
  return options.show ? showCommand(session, options.data, *options.show) : 0;
}

} // namespace fovea
