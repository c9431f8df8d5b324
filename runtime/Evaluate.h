// A network's figures on a whole data set.
#pragma once

#include "runtime/Dataset.h"
#include "runtime/Metrics.h"
#include "runtime/Session.h"

#include <functional>

namespace fovea {

/// How the recipe's data becomes the network's input. Without a recipe: bytes divided by 256. Throws Error when the
/// recipe subtracts the training set's mean and the session has none.
Preprocess preprocessOf(const Session &session);

/// Computes the mean of the training images, if the recipe subtracts one and the session has none yet.
void computeMean(Session &session, const Dataset &trainSet);

/// Loads one split of the data set that the recipe names, from `directory`, and checks that labels fit the network.
/// Throws Error.
Dataset loadData(const Program &program, const std::string &directory, Split split, bool strict = false);

/// Which of several processes runs: of the batches that one process would compute, it takes its share.
struct Part {
  int64_t index = 0, count = 1;
};

/// Runs every whole image of `data`, or of a part of it, in 1, 5 or 10 views and hands `take` its number and its outputs
/// [views, output shape]. `progress` (images done so far) may be empty. Throws Error when there are several views but the
/// recipe crops nothing.
void forEachOutput(Session &session, const Dataset &data, int64_t views,
                   const std::function<void(int64_t, const float *)> &take,
                   const std::function<void(int64_t)> &progress = {}, Part part = {});

/// The network's figures on every image of `data`. `progress` (images done so far) may be empty.
Metrics evaluate(Session &session, const Dataset &data, const std::function<void(int64_t)> &progress = {});

/// The same, each process computing its part; the figures are the same in all.
Metrics evaluate(Session &session, const Dataset &data, Communicator &communicator);

/// "top1 99.05 top5 100.00 loss 0.0289312 images 10000": the last line of eval and of train.
std::string resultLine(const Metrics &metrics);

} // namespace fovea
