#include "runtime/Metrics.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cmath>

namespace fovea {
namespace {

/// log(sum(exp(sign * scores)) + extra), computed without overflow; `extra` is given as its logarithm.
double logSumExp(const float *scores, int64_t count, double sign, double logExtra = -INFINITY) {
  double largest = logExtra;
  for (int64_t i = 0; i < count; ++i)
    largest = std::max(largest, sign * scores[i]);
  if (!std::isfinite(largest))
    return largest;
  double sum = std::exp(logExtra - largest);
  for (int64_t i = 0; i < count; ++i)
    sum += std::exp(sign * scores[i] - largest);
  return largest + std::log(sum);
}

/// The metadata does not say whether the network ends in softmax, but the numbers do.
bool areProbabilities(const float *scores, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (!(scores[i] >= 0 && scores[i] <= 1))
      return false;
    sum += scores[i];
  }
  return std::abs(sum - 1) < 1e-4;
}

} // namespace

int64_t rankOf(const float *scores, int64_t classes, int64_t label, bool smallestWins) {
  float sign = smallestWins ? -1.0f : 1.0f, own = sign * scores[label];
  if (std::isnan(own))
    return classes - 1;
  int64_t better = 0;
  for (int64_t i = 0; i < classes; ++i)
    better += sign * scores[i] > own || (scores[i] == scores[label] && i < label);
  return better;
}

double lossOf(const Program &program, const float *scores, int64_t label) {
  double own = scores[label];
  if (program.recipe.loss == LossKind::RbfMap)
    return own + logSumExp(scores, program.classes, -1, -program.recipe.rbfJ);
  return logSumExp(scores, program.classes, 1) - own;
}

std::vector<double> probabilities(const Program &program, const float *scores) {
  std::vector<double> result(scores, scores + program.classes);
  if (!program.smallestWins && areProbabilities(scores, program.classes))
    return result;
  double sign = program.smallestWins ? -1 : 1, scale = logSumExp(scores, program.classes, sign);
  for (double &value : result)
    value = std::exp(sign * value - scale);
  return result;
}

void Metrics::add(const Program &program, const float *scores, const int32_t *labels, int64_t count) {
  for (int64_t i = 0; i < count; ++i, scores += program.classes) {
    int64_t rank = rankOf(scores, program.classes, labels[i], program.smallestWins);
    top1 += rank < 1;
    top5 += rank < 5;
    lossSum += lossOf(program, scores, labels[i]);
  }
  images += count;
}

void needClasses(const Program &program) {
  if (program.classes == 0)
    throw Error("network " + program.network + " gives an output of shape " + shapeText(program.outputShape) +
                ", not a score for each class; use predict --input x.npy --output y.npy");
}

} // namespace fovea
