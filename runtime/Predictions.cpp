#include "runtime/Predictions.h"

#include "runtime/Error.h"
#include "runtime/Evaluate.h"
#include "runtime/Npy.h"

#include <algorithm>
#include <cmath>

namespace fovea {

Metrics Predictions::metrics() const {
  const int64_t classes = probabilities.shape[1];
  Metrics metrics;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0)
      continue;
    const float *row = probabilities.values.data() + int64_t(i) * classes;
    const int64_t rank = rankOf(row, classes, labels[i], false);
    metrics.top1 += rank < 1;
    metrics.top5 += rank < 5;
    metrics.lossSum -= std::log(double(row[labels[i]]));
    ++metrics.images;
  }
  return metrics;
}

Predictions predict(Session &session, const Dataset &data, int64_t views,
                    const std::function<void(int64_t)> &progress) {
  const Program &program = session.program;
  Predictions made{{{data.count, program.classes}, std::vector<float>(size_t(data.count * program.classes))},
                   std::vector<int32_t>(size_t(data.count), -1)};
  auto take = [&](int64_t image, const float *outputs) {
    std::vector<double> sum(size_t(program.classes));
    for (int64_t v = 0; v < views; ++v) {
      const std::vector<double> one = probabilities(program, outputs + v * program.outputElements());
      for (size_t c = 0; c < sum.size(); ++c)
        sum[c] += one[c];
    }
    for (size_t c = 0; c < sum.size(); ++c)
      made.probabilities.values[size_t(image) * sum.size() + c] = float(sum[c] / double(views));
    made.labels[size_t(image)] = data.labels[size_t(image)];
  };
  forEachOutput(session, data, views, take, progress);
  return made;
}

FloatTensor loadPredictions(const std::string &path, const FloatTensor &like) {
  FloatTensor loaded = readNpyFloats(path);
  if (loaded.shape != like.shape)
    throw Error(path + ": holds probabilities of shape " + shapeText(loaded.shape) + ", but these are " +
                shapeText(like.shape) + "; evaluate both on the same data set");
  const int64_t classes = like.shape[1];
  for (int64_t i = 0; i < like.shape[0]; ++i) {
    double sum = 0;
    bool good = true;
    for (int64_t c = 0; c < classes; ++c) {
      const float value = loaded.values[size_t(i * classes + c)];
      good = good && value >= 0 && value <= 1.001f; // NaN is not.
      sum += value;
    }
    if (!good || (sum != 0 && std::abs(sum - 1) > 1e-3))
      throw Error(path + ": row " + std::to_string(i) +
                  " is not a row of probabilities; give a file that `eval --save` wrote");
  }
  return loaded;
}

FloatTensor average(const std::vector<FloatTensor> &members) {
  FloatTensor mean{members.front().shape, std::vector<float>(members.front().values.size())};
  for (size_t i = 0; i < mean.values.size(); ++i) {
    double sum = 0;
    for (const FloatTensor &member : members)
      sum += member.values[i];
    mean.values[i] = float(sum / double(members.size()));
  }
  return mean;
}

} // namespace fovea
