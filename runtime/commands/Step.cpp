#include "runtime/Error.h"
#include "runtime/Npy.h"
#include "runtime/Weights.h"
#include "runtime/commands/Commands.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace fovea {
namespace {

std::vector<int32_t> readLabels(const Program &program, const std::string &path, int64_t count) {
  IntTensor file = readNpyIntegers(path);
  if (file.shape != Shape{count})
    throw Error(path + ": has shape " + shapeText(file.shape) + ", but the input holds " + std::to_string(count) +
                " images: expected shape [" + std::to_string(count) + "]");
  int64_t classes = program.classes > 0 ? program.classes : program.outputElements();
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < count; ++i) {
    if (file.values[i] < 0 || file.values[i] >= classes)
      throw Error(path + ": label " + std::to_string(file.values[i]) + " of image " + std::to_string(i) +
                  " is out of range: expected 0 to " + std::to_string(classes - 1));
    labels.push_back(static_cast<int32_t>(file.values[i]));
  }
  return labels;
}

} // namespace

FloatTensor readInput(const Program &program, const std::string &path) {
  FloatTensor input = readNpyFloats(path);
  bool fits = input.shape.size() == program.inputShape.size() + 1 &&
              std::equal(program.inputShape.begin(), program.inputShape.end(), input.shape.begin() + 1);
  std::string expected = "[N" + (program.inputShape.empty() ? "" : ", " + shapeText(program.inputShape).substr(1));
  if (!fits)
    throw Error(path + ": has shape " + shapeText(input.shape) + ", but network " + program.network +
                " takes images of shape " + shapeText(program.inputShape) + ": expected " + expected);
  if (input.shape[0] < 1)
    throw Error(path + ": holds no image: shape " + shapeText(input.shape) + ", expected " + expected);
  return input;
}

int stepCommand(const Program &program, const StepOptions &options) {
  program.needStep();
  Session session(program);
  loadWeights(session, options.weights);
  FloatTensor input = readInput(program, options.input);
  std::vector<int32_t> labels = readLabels(program, options.labels, input.shape[0]);
  double loss = session.step(input.values.data(), labels.data(), input.shape[0], nullptr);
  if (!std::isfinite(loss))
    throw Error("the loss is not a finite number; check " + options.weights + " and " + options.input +
                " for values that are NaN, infinite or very large");
  if (!options.gradients.empty())
    saveGradients(session, options.gradients);
  std::printf("loss %.9g\n", loss);
  return 0;
}

} // namespace fovea
