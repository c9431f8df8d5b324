#include "runtime/Trainer.h"
#include "runtime/AtomicFile.h"
#include "runtime/Checkpoint.h"
#include "runtime/DataParallel.h"
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
#include <utility>
#include <optional>

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
  /// Communicates nothing: what fails here may fail in one process alone.
  Training(const Program &program, const TrainOptions &options, Communicator &communicator)
      : program(program), options(options), communicator(communicator), session(program),
        trainSet(loadData(program, options.data, Split::Train, options.strict)),
        testSet(loadData(program, options.data, Split::Test, options.strict)) {
    begin();
    computeMean(session, trainSet);
    session.classNames = trainSet.classNames;
    preprocess = preprocessOf(session);
    checkFits(trainSet, preprocess, program.inputShape);
    batch = state.batch;
    perEpoch = (trainSet.count + batch - 1) / batch;
    const int64_t largestShare = (batch + communicator.size - 1) / communicator.size;
    for (AlignedFloats &buffer : images)
      buffer.resize(largestShare * program.inputElements());
    outputs.resize(largestShare * program.outputElements());
  }

  int run() {
    SignalGuard guard;
    if (communicator.size > 1)
      say(dataParallelLine(program, communicator, batch));
    needSameState(communicator, session, state, trainSet, testSet);
    // From here on all processes note signals: whoever waits for the file may send one.
    agreeOn(communicator, [&] {
      if (!options.log.empty() && communicator.leads())
        log = std::make_unique<EventFile>(options.log);
    });
    Metrics test;
    bool tested = false, reached = false;
    while (state.iteration < state.totalIterations && !reached) {
      oneIteration();
      const bool testDue = options.testEvery && state.iteration % *options.testEvery == 0;
      bool epochEnds = state.iteration % perEpoch == 0, runEnds = state.iteration == state.totalIterations;
      if (epochEnds || runEnds) {
        test = finishEpoch();
        if (epochEnds && state.plateau.observe(program.recipe.policy, test.top1))
          say(format("the test error stopped falling: the learning rate becomes %g", rateNow()));
        tested = true;
      } else if (testDue) {
        test = testOnTheWay();
      }
      if (options.untilTop1 && (epochEnds || runEnds || testDue)) {
        best = std::max(best, double(test.top1) / double(test.images));
        reached = tested = best >= *options.untilTop1;
      }
      if (const int signal = agreedSignal())
        return interrupted(signal);
      int64_t every = options.checkpointEvery.value_or(perEpoch);
      if (!options.checkpoint.empty() && communicator.leads() && (state.iteration % every == 0 || runEnds))
        saveCheckpoint(session, state, options.checkpoint);
    }
    if (!tested)
      test = evaluate(session, testSet, communicator);
    if (options.untilTop1)
      say(untilLine(reached));
    const int64_t broken = brokenFiles(communicator, trainSet, testSet);
    if (broken && communicator.leads())
      std::fprintf(stderr, "warning: %lld damaged pictures were left out\n", static_cast<long long>(broken));
    say(resultLine(test));
    if (communicator.leads())
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
    // While this batch is computed the next is made, and copied to a device: decoding, cropping and copying hide behind
    // the arithmetic.
    const Batch current = ready ? *std::exchange(ready, std::nullopt) : awaitBatch(state.iteration);
    if (state.iteration + 1 < state.totalIterations)
      pending = beginBatch(state.iteration + 1);
    const double lr = rateNow();
    session.drawFor(state.seed, state.iteration);
    const Result result = communicator.size > 1 ? trainTogether(current, lr)
                          : options.parts       ? trainInParts(current, lr)
                                                : trainAlone(current, lr);
    if (!std::isfinite(result.lossSum)) {
      progress.clear();
      throw SharedError(
          format("the loss is not a finite number at iteration %lld (learning rate %g): the training diverged; "
                 "lower the learning rate with --lr, or check the starting weights and the data",
                 static_cast<long long>(state.iteration + 1), lr));
    }
    ++state.iteration;

    for (Window *window : {&epochWindow, &logWindow}) {
      window->images += current.total;
      window->correct += result.correct;
      window->lossSum += result.lossSum;
    }
    double spent = seconds(std::chrono::steady_clock::now() - start);
    epochSeconds += spent;
    trainSeconds += spent;
    trainedImages += current.total;
    report(lr);
  }

  /// The images of one iteration that this process computes, in memory that is used again two iterations later.
  struct Batch {
    AlignedFloats *images;
    std::vector<int32_t> labels;
    int64_t first, total; ///< place of the first of them in the whole batch; the batch's images
  };

  /// What a batch gave, summed over its images.
  struct Result {
    double lossSum;
    int64_t correct;
  };

  Result trainAlone(const Batch &current, double lr) {
    auto feedNext = [&] {
      if (!pending.valid())
        return;
      ready = awaitBatch(state.iteration + 1);
      session.feed(ready->images->data(), ready->labels.data(), ready->total);
    };
    const double loss = session.train(current.images->data(), current.labels.data(), current.total, outputs.data(), lr,
                                      program.recipe.momentum, program.recipe.weightDecay, nullptr, feedNext);
    return {loss * static_cast<double>(current.total), correctOf(current)};
  }

  Result trainInParts(const Batch &current, double lr) {
    const double lossSum = session.stepInParts(current.images->data(), current.labels.data(), current.total, batch,
                                               *options.parts, outputs.data());
    if (std::isfinite(lossSum))
      session.update(lr, program.recipe.momentum, program.recipe.weightDecay);
    return {lossSum, correctOf(current)};
  }

  Result trainTogether(const Batch &current, double lr) {
    const double lossSum =
        session.stepPart(current.images->data(), current.labels.data(), int64_t(current.labels.size()), current.first,
                         current.total, outputs.data());
    Result all{};
    for (const Result &part : gathered(communicator, Result{lossSum, correctOf(current)})) {
      all.lossSum += part.lossSum;
      all.correct += part.correct;
    }
    if (std::isfinite(all.lossSum)) {
      session.sumGradients(communicator);
      session.update(lr, program.recipe.momentum, program.recipe.weightDecay);
    }
    return all;
  }

  int64_t correctOf(const Batch &current) const {
    int64_t correct = 0;
    for (size_t i = 0; i < current.labels.size(); ++i)
      correct += rankOf(outputs.data() + int64_t(i) * program.classes, program.classes, current.labels[i],
                        program.smallestWins) == 0;
    return correct;
  }

  /// The signal that ends the run after this iteration, in all processes when one has caught it; or 0.
  int agreedSignal() {
    for (const int signal : gathered(communicator, int(caughtSignal)))
      if (signal)
        return signal;
    return 0;
  }

  void say(const std::string &line) {
    if (communicator.leads())
      progress.line(line);
  }

  double rateNow() const {
    return learningRate(program.recipe.policy, state.lr, state.iteration, state.totalIterations,
                        state.plateau.reductions);
  }

  Batch awaitBatch(int64_t iteration) {
    if (!pending.valid())
      pending = beginBatch(iteration);
    const auto start = std::chrono::steady_clock::now();
    Batch batch = pending.get();
    waitSeconds += seconds(std::chrono::steady_clock::now() - start);
    return batch;
  }

  std::future<Batch> beginBatch(int64_t iteration) {
    const int64_t epoch = iteration / perEpoch, position = iteration % perEpoch;
    if (epoch != orderEpoch) {
      order = shuffledOrder(trainSet.count, state.seed, epoch);
      orderEpoch = epoch;
    }
    // The last batch of an epoch is what is left of it.
    const int64_t total = std::min(batch, trainSet.count - position * batch);
    const Share share = shareOf(batch, communicator.rank, communicator.size).upTo(total);
    auto first = order.begin() + position * batch;
    std::vector<int64_t> chosen(first + share.first, first + share.last);
    auto make = [this, iteration, epoch, share, total, chosen = std::move(chosen)] {
      Batch made{&images[iteration % 2], std::vector<int32_t>(chosen.size()), share.first, total};
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
    needSameState(communicator, session, state, trainSet, testSet);
    Metrics test = evaluate(session, testSet, communicator);
    double rate = static_cast<double>(epochWindow.images) / std::max(epochSeconds, 1e-9);
    say(epochTitle() +
        format("  iteration %lld  loss %.4f  top1 %.2f  test loss %.4f  test top1 %.2f  ",
               static_cast<long long>(state.iteration), epochWindow.loss(), epochWindow.percent(), test.loss(),
               test.top1Percent()) +
        format("%.1f s  %s images/s", epochSeconds, withThousands(static_cast<int64_t>(rate)).c_str()) +
        (waitSeconds > 0.05 * epochSeconds ? format("  %.1f s of them waiting for data", waitSeconds) : ""));
    waitSeconds = 0;
    logTest(test);
    return test;
  }

  Metrics testOnTheWay() {
    Metrics test = evaluate(session, testSet, communicator);
    say(format("iteration %lld  test loss %.4f  test top1 %.2f", static_cast<long long>(state.iteration), test.loss(),
               test.top1Percent()));
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

  int interrupted(int signal) {
    std::string path = options.checkpoint.empty() ? options.out + ".checkpoint" : options.checkpoint;
    if (communicator.leads())
      saveCheckpoint(session, state, path);
    say(format("stopped after iteration %lld of %lld; go on with --resume ", static_cast<long long>(state.iteration),
               static_cast<long long>(state.totalIterations)) +
        path);
    return 128 + signal;
  }

  const Program &program;
  const TrainOptions &options;
  Communicator &communicator;
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

  Progress progress{communicator.leads()};
  std::unique_ptr<EventFile> log;
  Window epochWindow, logWindow;
  double epochSeconds = 0, trainSeconds = 0, best = 0; ///< best: part of the test set
  int64_t trainedImages = 0;
  double waitSeconds = 0;     ///< for data, in this epoch
  std::optional<Batch> ready; ///< the next batch, where it is made before this one is done
  std::future<Batch> pending; ///< last, so that what it reads outlives it
};

std::unique_ptr<Training> begin(const Program &program, const TrainOptions &options, Communicator &communicator) {
  program.needTraining();
  if (!program.hasRecipe)
    throw Error("network " + program.network +
                " has no recipe; add a train block to its model file and compile it again");
  needClasses(program);
  if (options.parts && communicator.size > 1)
    throw Error("--parts has one process compute as several do, but there are " + std::to_string(communicator.size) +
                " processes");
  // Hours of training are not to end in a folder that cannot be written.
  if (communicator.leads()) {
    AtomicFile{options.out};
    if (!options.checkpoint.empty())
      AtomicFile{options.checkpoint};
  }
  return std::make_unique<Training>(program, options, communicator);
}

} // namespace

int train(const Program &program, const TrainOptions &options, Communicator &communicator) {
  std::unique_ptr<Training> training;
  agreeOn(communicator, [&] { training = begin(program, options, communicator); });
  return training->run();
}

} // namespace fovea
