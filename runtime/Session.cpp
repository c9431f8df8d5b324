#include "runtime/Session.h"
#include "runtime/Error.h"
#include "runtime/Init.h"
#include "runtime/Packing.h"
#include "runtime/ThreadPool.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>

extern "C" void fovea_profile(void *profile, int kernel) {
  auto *target = static_cast<fovea::Profile *>(profile);
  auto now = std::chrono::steady_clock::now();
  if (kernel >= 0 && static_cast<size_t>(kernel) < target->nanoseconds.size())
    target->nanoseconds[kernel] = std::chrono::duration_cast<std::chrono::nanoseconds>(now - target->last).count();
  target->last = now;
}

namespace fovea {
namespace {

constexpr int64_t cacheLine = 64;

bool changesParameters(FunctionKind kind) {
  return kind != FunctionKind::Infer && kind != FunctionKind::Step && kind != FunctionKind::Prepare;
}

bool isAligned(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer) % cacheLine == 0; }

} // namespace

void AlignedFloats::Free::operator()(float *pointer) const { std::free(pointer); }

void AlignedFloats::resize(int64_t newCount) {
  int64_t bytes = (newCount * int64_t(sizeof(float)) / cacheLine + 2) * cacheLine;
  auto *pointer = static_cast<float *>(std::aligned_alloc(cacheLine, bytes));
  if (!pointer)
    throw Error("out of memory: " + std::to_string(bytes / (1024 * 1024)) + " MiB more are needed");
  std::memset(pointer, 0, bytes);
  memory.reset(pointer);
  count = newCount;
}

Session::Session(const Program &program)
    : program(program), inferFunctions(program.functionsOf(FunctionKind::Infer)),
      stepFunctions(program.functionsOf(FunctionKind::Step)), trainFunctions(program.functionsOf(FunctionKind::Train)),
      updateFunctions(program.functionsOf(FunctionKind::Update)),
      prepareFunctions(program.functionsOf(FunctionKind::Prepare)) {
  values.resize(program.parameterFloats);
  scalars.resize(FOVEA_SCALAR_COUNT);
  int64_t arenaBytes = 0, batch = 0;
  for (const FunctionInfo &function : program.functions) {
    arenaBytes = std::max(arenaBytes, function.arenaBytes);
    batch = std::max(batch, function.batch);
  }
  arena.resize((arenaBytes + 3) / 4);
  stagedInput.resize(batch * program.inputElements());
  stagedOutput.resize(batch * program.outputElements());
  losses.resize(batch);
  stagedLabels.resize(batch);

  for (const ParameterInfo &parameter : program.parameters) {
    if (parameter.isConstant())
      set(parameter, parameter.values.data());
    for (int64_t i = 0; i < int64_t(parameter.mask.size()); ++i)
      if (parameter.trainable && !parameter.mask[i])
        masked.push_back(parameter.offset + packedIndex(parameter, i));
  }
}

void Session::initialize(uint64_t seed) {
  for (const ParameterInfo &parameter : program.parameters)
    if (!parameter.isConstant())
      set(parameter, initialValues(parameter, seed).data());
  if (momentum.size())
    std::fill_n(momentum.data(), momentum.size(), 0.0f);
}

AlignedFloats &Session::block(ParameterBlock which) {
  AlignedFloats &found = which == ParameterBlock::Value      ? values
                         : which == ParameterBlock::Gradient ? gradients
                                                             : momentum;
  if (which == ParameterBlock::Gradient)
    program.needStep();
  if (which == ParameterBlock::Momentum)
    program.needTraining();
  if (found.size() == 0)
    found.resize(program.gradientFloats);
  return found;
}

void Session::set(const ParameterInfo &parameter, const float *from, ParameterBlock which) {
  pack(parameter, from, block(which).data() + parameter.offset);
  derivedAreStale |= which == ParameterBlock::Value;
}

void Session::get(const ParameterInfo &parameter, float *to, ParameterBlock which) const {
  unpack(parameter, const_cast<Session *>(this)->block(which).data() + parameter.offset, to);
}

const FunctionInfo &Session::functionFor(const std::vector<const FunctionInfo *> &functions, int64_t remaining) {
  const FunctionInfo *best = functions.front();
  for (const FunctionInfo *function : functions)
    if (function->batch >= remaining)
      best = function;
  return *best;
}

void Session::run(const FunctionInfo &function, const float *images, const int32_t *labels, int64_t count,
                  float *outputs, Profile *profile) {
  // The function reads and writes its whole batch, on 64-byte boundaries: anything else goes through our own buffers.
  int64_t inputSize = program.inputElements(), outputSize = program.outputElements();
  bool whole = count == function.batch;
  if (!whole || !isAligned(images)) {
    std::copy_n(images, count * inputSize, stagedInput.data());
    std::fill_n(stagedInput.data() + count * inputSize, (function.batch - count) * inputSize, 0.0f);
    images = stagedInput.data();
  }
  if (labels) {
    std::copy_n(labels, count, labelBuffer());
    std::fill_n(labelBuffer() + count, function.batch - count, 0);
  }
  bool staged = !outputs || !whole || !isAligned(outputs);
  scalars.data()[FOVEA_SCALAR_VALID_IMAGES] = static_cast<float>(count);

  void *slots[FOVEA_SLOT_COUNT] = {arena.data(),
                                   values.data(),
                                   gradients.data(),
                                   momentum.data(),
                                   const_cast<float *>(images),
                                   labelBuffer(),
                                   staged ? stagedOutput.data() : outputs,
                                   losses.data(),
                                   scalars.data(),
                                   profile};
  derivedAreStale |= changesParameters(function.kind);
  DenormalsAreZero guard;
  if (profile)
    profile->start();
  if (int code = function.call(slots))
    throw Error("the compiled function (" + function.name() + ") failed with code " + std::to_string(code) +
                (code == -11 ? ": out of memory" : ""));
  if (outputs && staged)
    std::copy_n(stagedOutput.data(), count * outputSize, outputs);
}

void Session::prepare() {
  if (!derivedAreStale)
    return;
  for (const FunctionInfo *function : prepareFunctions)
    run(*function, stagedInput.data(), nullptr, 0, nullptr, nullptr);
  derivedAreStale = false;
}

void Session::infer(const float *images, int64_t count, float *outputs, Profile *profile) {
  prepare();
  while (count > 0) {
    const FunctionInfo &function = functionFor(inferFunctions, count);
    int64_t part = std::min(count, function.batch);
    run(function, images, nullptr, part, outputs, profile);
    images += part * program.inputElements();
    outputs += part * program.outputElements();
    count -= part;
  }
}

void Session::drawFor(uint64_t seed, int64_t step) {
  constexpr uint64_t exact = 0xFFFFFF; // Whole numbers that a float holds.
  drops = true;
  scalars.data()[FOVEA_SCALAR_SEED] = static_cast<float>((seed ^ (seed >> 24) ^ (seed >> 48)) & exact);
  scalars.data()[FOVEA_SCALAR_CALL] = static_cast<float>(static_cast<uint64_t>(step) & exact);
}

void Session::setLossScale(int64_t count) {
  if (count <= 0)
    throw Error("a training step needs at least one image");
  scalars.data()[FOVEA_SCALAR_LOSS_SCALE] = static_cast<float>(1.0 / static_cast<double>(count));
}

/// The place in the update's batch of the first image that is computed next.
void Session::setPlace(int64_t first) {
  scalars.data()[FOVEA_SCALAR_TRAINING] = drops ? static_cast<float>(1 + first) : 0;
}

void Session::setRates(double lr, double momentumFactor, double weightDecay) {
  scalars.data()[FOVEA_SCALAR_LR] = static_cast<float>(lr);
  scalars.data()[FOVEA_SCALAR_MOMENTUM] = static_cast<float>(momentumFactor);
  scalars.data()[FOVEA_SCALAR_WEIGHT_DECAY] = static_cast<float>(weightDecay);
}

double Session::step(const float *images, const int32_t *labels, int64_t count, float *outputs, Profile *profile) {
  return stepPart(images, labels, count, 0, count, outputs, profile) / static_cast<double>(count);
}

double Session::stepPart(const float *images, const int32_t *labels, int64_t count, int64_t first, int64_t total,
                         float *outputs, Profile *profile) {
  block(ParameterBlock::Gradient);
  setLossScale(total);
  if (count == 0)
    std::fill_n(gradients.data(), gradients.size(), 0.0f);
  double loss = 0;
  int64_t floats = program.gradientFloats;
  bool chunks = false;
  for (int64_t done = 0; done < count;) {
    const FunctionInfo &function = functionFor(stepFunctions, count - done);
    int64_t part = std::min(count - done, function.batch);
    setPlace(first + done);
    run(function, images + done * program.inputElements(), labels + done, part,
        outputs ? outputs + done * program.outputElements() : nullptr, profile);
    loss = std::accumulate(losses.data(), losses.data() + part, loss);
    if (part < count) { // gradients are overwritten by each chunk: add them up in the order of the chunks
      if (sum.size() < floats)
        sum.resize(floats);
      for (int64_t i = 0; i < floats; ++i)
        sum.data()[i] = chunks ? sum.data()[i] + gradients.data()[i] : gradients.data()[i];
      chunks = true;
    }
    done += part;
  }
  if (chunks)
    std::copy_n(sum.data(), floats, gradients.data());
  for (int64_t index : masked)
    gradients.data()[index] = 0;
  return loss;
}

void Session::update(double lr, double momentumFactor, double weightDecay, Profile *profile) {
  block(ParameterBlock::Momentum);
  block(ParameterBlock::Gradient);
  setRates(lr, momentumFactor, weightDecay);
  run(functionFor(updateFunctions, 0), stagedInput.data(), nullptr, 0, nullptr, profile);
}

double Session::train(const float *images, const int32_t *labels, int64_t count, float *outputs, double lr,
                      double momentumFactor, double weightDecay, Profile *profile) {
  block(ParameterBlock::Momentum);
  if (trainFunctions.empty() || count > trainFunctions.front()->batch) {
    const double loss = step(images, labels, count, outputs, profile);
    if (std::isfinite(loss))
      update(lr, momentumFactor, weightDecay);
    return loss;
  }
  setLossScale(count);
  setPlace(0);
  setRates(lr, momentumFactor, weightDecay);
  run(functionFor(trainFunctions, count), images, labels, count, outputs, profile);
  for (int64_t index : masked)
    values.data()[index] = momentum.data()[index] = 0;
  return std::accumulate(losses.data(), losses.data() + count, 0.0) / static_cast<double>(count);
}

int64_t Session::memoryBytes() const {
  return int64_t(sizeof(float)) * (values.size() + gradients.size() + momentum.size() + arena.size() +
                                   stagedInput.size() + stagedOutput.size() + losses.size() + sum.size());
}

} // namespace fovea
