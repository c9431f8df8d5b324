#include "runtime/AtomicFile.h"
#include "runtime/Error.h"
#include "runtime/Evaluate.h"
#include "runtime/Npy.h"
#include "runtime/Predictions.h"
#include "runtime/Progress.h"
#include "runtime/Weights.h"
#include "runtime/commands/Commands.h"

#include <chrono>

namespace fovea {

int evalCommand(const Program &program, const EvalOptions &options) {
  if (!options.save.empty())
    AtomicFile{options.save}; // A long evaluation is not to end in a folder that cannot be written.
  Session session(program);
  loadWeights(session, options.weights.front());
  Dataset data = loadData(program, options.data, Split::Test, options.strict);

  Progress progress;
  auto start = std::chrono::steady_clock::now();
  const int64_t total = data.count * int64_t(options.weights.size());
  int64_t before = 0; // images that earlier parameters have seen
  auto show = [&](int64_t done) {
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    double rate = static_cast<double>(before + done) / std::max(seconds, 1e-9);
    progress.show("eval", before + done, total, rate, static_cast<double>(total - before - done) / rate, "");
  };

  auto judged = [&](const Metrics &metrics) {
    if (metrics.images == 0)
      throw Error(data.imagesFile + ": none of its " + std::to_string(data.count) + " pictures can be decoded");
    progress.line(resultLine(metrics));
  };
  const bool averages = options.views > 1 || options.weights.size() > 1 || !options.with.empty();
  if (!averages && options.save.empty()) {
    judged(evaluate(session, data, show));
    return 0;
  }
  Predictions mean;
  std::vector<FloatTensor> members;
  for (const std::string &weights : options.weights) {
    if (!members.empty())
      loadWeights(session, weights);
    mean = predict(session, data, options.views, show);
    members.push_back(mean.probabilities);
    before += data.count;
  }
  const FloatTensor own = average(members);
  for (const std::string &path : options.with)
    members.push_back(loadPredictions(path, own));
  mean.probabilities = average(members);
  const Metrics metrics = mean.metrics();
  if (metrics.images > 0 && !options.save.empty())
    writeNpy(options.save, own.shape, own.values.data());
  judged(metrics);
  return 0;
}

} // namespace fovea
