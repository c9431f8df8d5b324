#include "runtime/Evaluate.h"
#include "runtime/Progress.h"
#include "runtime/Weights.h"
#include "runtime/commands/Commands.h"

#include <chrono>

namespace fovea {

int evalCommand(const Program &program, const EvalOptions &options) {
  Session session(program);
  loadWeights(session, options.weights);
  Dataset data = loadData(program, options.data, Split::Test, options.strict);

  Progress progress;
  auto start = std::chrono::steady_clock::now();
  Metrics metrics = evaluate(session, data, [&](int64_t done) {
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    double rate = static_cast<double>(done) / std::max(seconds, 1e-9);
    progress.show("eval", done, data.count, rate, static_cast<double>(data.count - done) / rate, "");
  });
  progress.line(resultLine(metrics));
  return 0;
}

} // namespace fovea
