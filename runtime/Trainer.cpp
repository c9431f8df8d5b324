#include "runtime/Trainer.h"
#include "runtime/AtomicFile.h"
#include "runtime/Checkpoint.h"
#include "runtime/Error.h"
#include "runtime/Evaluate.h"
#include "runtime/EventFile.h"
#include "runtime/LrPolicy.h"
#include "runtime/Progress.h"
#include "runtime/Random.h"
#include "runtime/Weights.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <future>
#include <memory>

namespace fovea {
namespace {

volatile std::sig_atomic_t caughtSignal = 0;

/// While alive, the first SIGINT or SIGTERM is only noted; a second one ends the process as usual.
class SignalGuard {
public:
  SignalGuard() {
    caughtSignal = 0;
    struct sigaction action {};
    action.sa_handler = [](int signal) { caughtSignal = signal; };
    action.sa_flags = SA_RESETHAND | SA_RESTART;
    sigaction(SIGINT, &action, &savedInterrupt);
    sigaction(SIGTERM, &action, &savedTerminate);
  }
  ~SignalGuard() {
    sigaction(SIGINT, &savedInterrupt, nullptr);
    sigaction(SIGTERM, &savedTerminate, nullptr);
  }

private:
  struct sigaction savedInterrupt {
  }, savedTerminate{};
};

/// Mean loss and accuracy of the iterations since it was last emptied.
struct Window {
  int64_t images = 0, correct = 0;
  double lossSum = 0;
  double loss() const { return images ? lossSum / static_cast<double>(images) : 0; }
  double percent() const { return images ? 100.0 * static_cast<double>(correct) / static_cast<double>(images) : 0; }
};

double seconds(std::chrono::steady_clock::duration span) { return std::chrono::duration<double>(span).count(); }

template <typename... Values> std::string format(const char *pattern, Values... values) {
  char text[256];
  std::snprintf(text, sizeof(text), pattern, values...);
  return text;
}

class Training {
public:
  Training(const Program &program, const TrainOptions &options)
      : program(program), options(options), session(program),
        trainSet(loadData(program, options.data, Split::Train, options.strict)),
        testSet(loadData(program, options.data, Split::Test, options.strict)) {
    begin();
    computeMean(session, trainSet);
    session.classNames = trainSet.classNames;
    preprocess = preprocessOf(session);
    checkFits(trainSet, preprocess, program.inputShape);
    batch = state.batch;
    perEpoch = (trainSet.count + batch - 1) / batch;
    for (AlignedFloats &buffer : images)
      buffer.resize(batch * program.inputElements());
    outputs.resize(batch * program.outputElements());
    if (!options.log.empty())
      log = std::make_unique<EventFile>(options.log);
  }

  int run() {
    SignalGuard guard;
    Metrics test;
    bool tested = false, reached = false;
    while (state.iteration < state.totalIterations && !reached) {
      oneIteration();
      const bool testDue = options.testEvery && state.iteration % *options.testEvery == 0;
      bool epochEnds = state.iteration % perEpoch == 0, runEnds = state.iteration == state.totalIterations;
      if (epochEnds || runEnds) {
        test = finishEpoch();
        if (epochEnds && state.plateau.observe(program.recipe.policy, test.top1))
          progress.line(format("the test error stopped falling: the learning rate becomes %g", rateNow()));
        tested = true;
      } else if (testDue) {
        test = testOnTheWay();
      }
      if (options.untilTop1 && (epochEnds || runEnds || testDue)) {
        best = std::max(best, double(test.top1) / double(test.images));
        reached = tested = best >= *options.untilTop1;
      }
      if (caughtSignal)
        return interrupted();
      int64_t every = options.checkpointEvery.value_or(perEpoch);
      if (!options.checkpoint.empty() && (state.iteration % every == 0 || runEnds))
        saveCheckpoint(session, state, options.checkpoint);
    }
    if (!tested)
      test = evaluate(session, testSet);
    if (options.untilTop1)
      progress.line(untilLine(reached));
    if (const int64_t broken = brokenFiles(trainSet) + brokenFiles(testSet))
      std::fprintf(stderr, "warning: %lld damaged pictures were left out\n", static_cast<long long>(broken));
    progress.line(resultLine(test));
    saveWeights(session, options.out);
    return 0;
  }

private:
  /// Decides where the run starts: from a checkpoint, from given parameters, or from the seed.
  void begin() {
    if (!options.resume.empty()) {
      state = loadCheckpoint(session, options.resume);
      checkResume();
    } else {
      state.seed = options.seed.value_or(1);
      state.batch = options.batch.value_or(program.recipe.batch * program.recipe.accumulate);
      state.trainImages = trainSet.count;
      session.initialize(state.seed);
      if (!options.weights.empty())
        loadWeights(session, options.weights);
    }
    if (options.lr || options.resume.empty())
      state.lr = options.lr.value_or(program.recipe.lr);
    int64_t epochIterations = (trainSet.count + state.batch - 1) / state.batch;
    if (options.iterations)
      state.totalIterations = *options.iterations;
    else if (options.epochs)
      state.totalIterations = *options.epochs * epochIterations;
    else if (options.resume.empty())
      state.totalIterations = program.recipe.iterations.value_or(program.recipe.epochs.value_or(10) * epochIterations);
  }

  void checkResume() {
    auto differ = [&](const std::string &what, auto saved, auto now) {
      throw Error(options.resume + ": the run used " + what + " " + std::to_string(saved) + ", not " +
                  std::to_string(now) + "; a run is resumed with the data and options it began with");
    };
    if (options.seed && *options.seed != state.seed)
      differ("seed", state.seed, *options.seed);
    if (options.batch && *options.batch != state.batch)
      differ("batches of", state.batch, *options.batch);
    if (state.trainImages != trainSet.count)
      differ("a number of training images of", state.trainImages, trainSet.count);
    if (state.batch < 1)
      throw Error(options.resume + ": the checkpoint has a batch of 0; take another checkpoint");
  }

  void oneIteration() {
    auto start = std::chrono::steady_clock::now();
    if (state.iteration % perEpoch == 0 || trainedImages == 0) {
      epochWindow = {};
      epochSeconds = 0;
    }
    // While this batch is computed the next is made: decoding and cropping hide behind the arithmetic.
    if (!pending.valid())
      pending = beginBatch(state.iteration);
    auto waited = std::chrono::steady_clock::now();
    const Batch current = pending.get();
    waitSeconds += seconds(std::chrono::steady_clock::now() - waited);
    if (state.iteration + 1 < state.totalIterations)
      pending = beginBatch(state.iteration + 1);
    const AlignedFloats &images = *current.images;
    const std::vector<int32_t> &labels = current.labels;
    const auto count = static_cast<int64_t>(labels.size());

    const double lr = rateNow();
    session.drawFor(state.seed, state.iteration);
    double loss = session.train(images.data(), labels.data(), count, outputs.data(), lr, program.recipe.momentum,
                                program.recipe.weightDecay);
    if (!std::isfinite(loss)) {
      progress.clear();
      throw Error(format("the loss is not a finite number at iteration %lld (learning rate %g): the training diverged; "
                         "lower the learning rate with --lr, or check the starting weights and the data",
                         static_cast<long long>(state.iteration + 1), lr));
    }
    ++state.iteration;

    int64_t correct = 0;
    for (int64_t i = 0; i < count; ++i)
      correct += rankOf(outputs.data() + i * program.classes, program.classes, labels[i], program.smallestWins) == 0;
    for (Window *window : {&epochWindow, &logWindow}) {
      window->images += count;
      window->correct += correct;
      window->lossSum += loss * static_cast<double>(count);
    }
    double spent = seconds(std::chrono::steady_clock::now() - start);
    epochSeconds += spent;
    trainSeconds += spent;
    trainedImages += count;
    report(lr);
  }

  double rateNow() const {
    return learningRate(program.recipe.policy, state.lr, state.iteration, state.totalIterations,
                        state.plateau.reductions);
  }

  /// The images of one iteration, in memory that is used again two iterations later.
  struct Batch {
    AlignedFloats *images;
    std::vector<int32_t> labels;
  };

  std::future<Batch> beginBatch(int64_t iteration) {
    const int64_t epoch = iteration / perEpoch, position = iteration % perEpoch;
    if (epoch != orderEpoch) {
      order = shuffledOrder(trainSet.count, state.seed, epoch);
      orderEpoch = epoch;
    }
    // The last batch of an epoch is what is left of it.
    auto first = order.begin() + position * batch;
    std::vector<int64_t> chosen(first, first + std::min(batch, trainSet.count - position * batch));
    auto make = [this, iteration, epoch, chosen = std::move(chosen)] {
      Batch made{&images[iteration % 2], std::vector<int32_t>(chosen.size())};
      fillBatch(trainSet, chosen, preprocess, {state.seed, epoch}, made.images->data(), made.labels.data());
      return made;
    };
    return std::async(std::launch::async, std::move(make));
  }

  void report(double lr) {
    constexpr int64_t logEvery = 10;
    if (log && (state.iteration % logEvery == 0 || state.iteration == state.totalIterations)) {
      log->scalar("train/loss", state.iteration, logWindow.loss());
      log->scalar("train/accuracy", state.iteration, logWindow.percent() / 100);
      log->scalar("lr", state.iteration, lr);
      logWindow = {};
    }
    if (!progress.onTerminal())
      return;
    double rate = static_cast<double>(trainedImages) / trainSeconds;
    double left = static_cast<double>((state.totalIterations - state.iteration) * batch) / rate;
    int64_t within = (state.iteration - 1) % perEpoch + 1;
    progress.show(epochTitle(), within, perEpoch, rate, left,
                  format("loss %.4f  top1 %.2f %%", epochWindow.loss(), epochWindow.percent()));
  }

  std::string epochTitle() const {
    return format("epoch %lld/%lld", static_cast<long long>((state.iteration - 1) / perEpoch + 1),
                  static_cast<long long>((state.totalIterations + perEpoch - 1) / perEpoch));
  }

  Metrics finishEpoch() {
    Metrics test = evaluate(session, testSet);
    double rate = static_cast<double>(epochWindow.images) / std::max(epochSeconds, 1e-9);
    progress.line(epochTitle() +
                  format("  iteration %lld  loss %.4f  top1 %.2f  test loss %.4f  test top1 %.2f  ",
                         static_cast<long long>(state.iteration), epochWindow.loss(), epochWindow.percent(),
                         test.loss(), test.top1Percent()) +
                  format("%.1f s  %s images/s", epochSeconds, withThousands(static_cast<int64_t>(rate)).c_str()) +
                  (waitSeconds > 0.05 * epochSeconds ? format("  %.1f s of them waiting for data", waitSeconds) : ""));
    waitSeconds = 0;
    logTest(test);
    return test;
  }

  Metrics testOnTheWay() {
    Metrics test = evaluate(session, testSet);
    progress.line(format("iteration %lld  test loss %.4f  test top1 %.2f", static_cast<long long>(state.iteration),
                         test.loss(), test.top1Percent()));
    logTest(test);
    return test;
  }

  /// The time counts from the moment when the data are read: drawing the parameters, training and tests.
  std::string untilLine(bool reached) const {
    const double spent = seconds(std::chrono::steady_clock::now() - loaded);
    const std::string goal = format("%g %% of the test set", 100 * *options.untilTop1);
    return reached ? goal + format(" reached after iteration %lld, in %.2f s and %.2f s before for reading the data",
                                   static_cast<long long>(state.iteration), spent, seconds(loaded - begun))
                   : goal + format(" not reached: the best test had %.2f %%", 100 * best);
  }

  void logTest(const Metrics &test) {
    if (!log)
      return;
    log->scalar("test/loss", state.iteration, test.loss());
    log->scalar("test/accuracy", state.iteration, test.top1Percent() / 100);
    log->flush();
  }

  int interrupted() {
    std::string path = options.checkpoint.empty() ? options.out + ".checkpoint" : options.checkpoint;
    saveCheckpoint(session, state, path);
    progress.line(format("stopped after iteration %lld of %lld; go on with --resume ",
                         static_cast<long long>(state.iteration), static_cast<long long>(state.totalIterations)) +
                  path);
    return 128 + caughtSignal;
  }

  const Program &program;
  const TrainOptions &options;
  const std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  Session session;
  Dataset trainSet, testSet;
  const std::chrono::steady_clock::time_point loaded = std::chrono::steady_clock::now();
  Preprocess preprocess;
  RunState state;
  int64_t batch = 0, perEpoch = 0;

  AlignedFloats images[2], outputs;
  std::vector<int64_t> order;
  int64_t orderEpoch = -1;

  Progress progress;
  std::unique_ptr<EventFile> log;
  Window epochWindow, logWindow;
  double epochSeconds = 0, trainSeconds = 0, best = 0; ///< best: part of the test set
  int64_t trainedImages = 0;
  double waitSeconds = 0;     ///< for data, in this epoch
  std::future<Batch> pending; ///< last, so that what it reads outlives it
};

} // namespace

int train(const Program &program, const TrainOptions &options) {
  program.needTraining();
  if (!program.hasRecipe)
    throw Error("network " + program.network +
                " has no recipe; add a train block to its model file and compile it again");
  needClasses(program);
  // Hours of training are not to end in a folder that cannot be written.
  AtomicFile{options.out};
  if (!options.checkpoint.empty())
    AtomicFile{options.checkpoint};
  return Training(program, options).run();
}

} // namespace fovea
