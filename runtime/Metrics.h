// How good the network's outputs are: top-1, top-5 and the mean loss, in double.
#pragma once

#include "runtime/Program.h"

namespace fovea {

struct Metrics {
  int64_t images = 0, top1 = 0, top5 = 0; ///< top1, top5: images whose label is among the best one, five
  double lossSum = 0;

  /// Adds `count` outputs of `program.classes` scores each. Scores that tie are ranked by class, the lower first (as
  /// PyTorch and NumPy do, unlike Caffe, where a tie is an error); NaN ranks last.
  void add(const Program &program, const float *scores, const int32_t *labels, int64_t count);

  double top1Percent() const { return images ? 100.0 * static_cast<double>(top1) / static_cast<double>(images) : 0; }
  double top5Percent() const { return images ? 100.0 * static_cast<double>(top5) / static_cast<double>(images) : 0; }
  double loss() const { return images ? lossSum / static_cast<double>(images) : 0; }
};

/// How many of the `classes` scores are better than that of `label`; 0 means `label` wins.
int64_t rankOf(const float *scores, int64_t classes, int64_t label, bool smallestWins);

/// One image's loss, by the recipe's loss applied to the output as it is.
double lossOf(const Program &program, const float *scores, int64_t label);

/// The scores as probabilities, for people: softmax of them (of their negatives where the smallest wins), or the scores
/// themselves where they are probabilities already, as those of a network that ends in softmax.
std::vector<double> probabilities(const Program &program, const float *scores);

/// Throws Error unless the network scores classes: what eval, train and predict on pictures need.
void needClasses(const Program &program);

} // namespace fovea
