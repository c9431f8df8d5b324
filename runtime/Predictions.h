// Class probabilities of a whole data set, averaged over views, parameters and programs.
//
// "At test time, the network makes a prediction by extracting five 224 x 224 patches (the four corner patches and the
// center patch) as well as their horizontal reflections [...] and averaging the predictions made by the network's
// softmax layer on the ten patches" (Krizhevsky et al. 2012, section 4.1). Networks are averaged the same way.
#pragma once

#include "runtime/Dataset.h"
#include "runtime/Metrics.h"
#include "runtime/Session.h"

#include <functional>

namespace fovea {

struct Predictions {
  FloatTensor probabilities;   ///< [images, classes]; zeros for a damaged picture
  std::vector<int32_t> labels; ///< -1: the picture is damaged

  /// Top-1, top-5 and the loss -log(probability of the label) of the pictures that are whole.
  Metrics metrics() const;
};

/// The mean over 1 (the centre), 5 (and the corners) or 10 (and their mirror images) views of every image; see
/// forEachOutput.
Predictions predict(Session &session, const Dataset &data, int64_t views,
                    const std::function<void(int64_t)> &progress = {});

/// Probabilities [images, classes] that `eval --save` wrote. Throws Error unless they are of `like`'s shape and rows of
/// probabilities.
FloatTensor loadPredictions(const std::string &path, const FloatTensor &like);

/// The mean of equally many rows: networks vote with equal weight.
FloatTensor average(const std::vector<FloatTensor> &members);

} // namespace fovea
