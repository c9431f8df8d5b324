#include "runtime/Session.h"
#include "runtime/Error.h"
#include "runtime/Init.h"
#include "runtime/Packing.h"
#include "runtime/ThreadPool.h"
#include "runtime/device/Device.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

extern "C" void fovea_profile(void *profile, int kernel) {
  auto *target = static_cast<fovea::Profile *>(profile);
  if (target->device)
    target->device->wait();
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

Session::Session(const Program &program)
    : program(program), device(program.openDevice()), inferFunctions(program.functionsOf(FunctionKind::Infer)),
      stepFunctions(program.functionsOf(FunctionKind::Step)), trainFunctions(program.functionsOf(FunctionKind::Train)),
      updateFunctions(program.functionsOf(FunctionKind::Update)),
      prepareFunctions(program.functionsOf(FunctionKind::Prepare)) {
  values.resize(program.parameterFloats, device.get());
  scalars.resize(FOVEA_SCALAR_COUNT, device.get());
  int64_t arenaBytes = 0, batch = 0;
  for (const FunctionInfo &function : program.functions) {
    arenaBytes = std::max(arenaBytes, function.arenaBytes);
    batch = std::max(batch, function.batch);
  }
  arena.resize((arenaBytes + 3) / 4, device.get());
  for (Staged &one : staged)
    if (device || &one == staged) {
      one.input.resize(batch * program.inputElements(), device.get());
      one.labels.resize(batch, device.get());
    }
  stagedOutput.resize(batch * program.outputElements(), device.get());
  losses.resize(batch, device.get());

  for (const ParameterInfo &parameter : program.parameters) {
    if (parameter.isConstant())
      set(parameter, parameter.values.data());
    for (int64_t i = 0; i < int64_t(parameter.mask.size()); ++i)
      if (parameter.trainable && !parameter.mask[i])
        masked.push_back(parameter.offset + packedIndex(parameter, i));
  }
  if (device && !masked.empty()) {
    maskedIndices.resize(int64_t(masked.size()), device.get());
    std::copy(masked.begin(), masked.end(), reinterpret_cast<int32_t *>(maskedIndices.write()));
  }
}

void Session::initialize(uint64_t seed) {
  for (const ParameterInfo &parameter : program.parameters)
    if (!parameter.isConstant())
      set(parameter, initialValues(parameter, seed).data());
  momentum.fillZero();
}

SharedFloats &Session::block(ParameterBlock which) {
  SharedFloats &found = which == ParameterBlock::Value      ? values
                        : which == ParameterBlock::Gradient ? gradients
                                                            : momentum;
  if (which == ParameterBlock::Gradient)
    program.needStep();
  if (which == ParameterBlock::Momentum)
    program.needTraining();
  if (found.size() == 0)
    found.resize(program.gradientFloats, device.get());
  return found;
}

void Session::set(const ParameterInfo &parameter, const float *from, ParameterBlock which) {
  pack(parameter, from, block(which).write() + parameter.offset);
  derivedAreStale |= which == ParameterBlock::Value;
}

void Session::get(const ParameterInfo &parameter, float *to, ParameterBlock which) const {
  unpack(parameter, const_cast<Session *>(this)->block(which).read() + parameter.offset, to);
}

const FunctionInfo &Session::functionFor(const std::vector<const FunctionInfo *> &functions, int64_t remaining) {
  const FunctionInfo *best = functions.front();
  for (const FunctionInfo *function : functions)
    if (function->batch >= remaining)
      best = function;
  return *best;
}

// A function reads and writes its whole batch, on 64-byte boundaries and in its device's memory: anything else goes through
// our own buffers. `images` is null where it does not have to.
void Session::stage(const FunctionInfo &function, const float *images, const int32_t *labels, int64_t count) {
  const int64_t inputSize = program.inputElements(), left = function.batch - count;
  if (Staged &next = staged[1 - now]; device && images && next.fed == images && next.count == count) {
    now = 1 - now;
    device->joinUploads();
    if (left)
      device->fillZero(next.input.deviceAddress() + DeviceAddress(count * inputSize * 4),
                       left * inputSize * 4);
    next.fed = nullptr;
    return;
  }
  if (images) {
    float *to = staged[now].input.write();
    std::copy_n(images, count * inputSize, to);
    std::fill_n(to + count * inputSize, left * inputSize, 0.0f);
  }
  if (labels) {
    auto *to = reinterpret_cast<int32_t *>(staged[now].labels.write());
    std::copy_n(labels, count, to);
    std::fill_n(to + count, left, 0);
  }
}

void Session::run(const FunctionInfo &function, const float *images, const int32_t *labels, int64_t count,
                  float *outputs, Profile *profile, const std::function<void()> &meanwhile) {
  const int64_t outputSize = program.outputElements();
  const bool whole = count == function.batch;
  const bool stagesInput = device || !whole || !isAligned(images);
  const bool stagesOutput = device || !outputs || !whole || !isAligned(outputs);
  if (function.batch)
    stage(function, stagesInput ? images : nullptr, labels, count);
  scalars.write()[FOVEA_SCALAR_VALID_IMAGES] = static_cast<float>(count);

  void *slots[FOVEA_SLOT_COUNT] = {arena.address(),
                                   values.address(),
                                   gradients.address(),
                                   momentum.address(),
                                   stagesInput ? staged[now].input.address() : const_cast<float *>(images),
                                   staged[now].labels.address(),
                                   stagesOutput ? stagedOutput.address() : outputs,
                                   losses.address(),
                                   scalars.address(),
                                   profile};
  derivedAreStale |= changesParameters(function.kind);
  DenormalsAreZero guard;
  if (profile) {
    profile->device = device.get();
    profile->start();
  }
  const int code = device ? device->run(function.call, slots) : function.call(slots);
  if (device)
    device->check();
  if (code)
    throw Error("the compiled function (" + function.name() + ") failed with code " + std::to_string(code) +
                (code == -11 ? ": out of memory" : ""));
  if (function.kind != FunctionKind::Infer)
    for (SharedFloats *written : {&values, &gradients, &momentum, &losses})
      written->functionWrote();
  if (stagesOutput)
    stagedOutput.functionWrote();
  if (device && meanwhile)
    meanwhile();
  if (outputs && stagesOutput)
    std::copy_n(stagedOutput.read(), count * outputSize, outputs);
}

void Session::prepare() {
  if (!derivedAreStale)
    return;
  for (const FunctionInfo *function : prepareFunctions)
    run(*function, nullptr, nullptr, 0, nullptr, nullptr);
  derivedAreStale = false;
}

void Session::infer(const float *images, int64_t count, float *outputs, Profile *profile) {
  prepare();
  while (count > 0) {
    const FunctionInfo &function = functionFor(inferFunctions, count);
    int64_t part = std::min(count, function.batch);
    run(function, images, nullptr, part, outputs, profile);
    if (images)
      images += part * program.inputElements();
    if (outputs)
      outputs += part * program.outputElements();
    count -= part;
  }
}

void Session::drawFor(uint64_t seed, int64_t step) {
  constexpr uint64_t exact = 0xFFFFFF; // Whole numbers that a float holds.
  drops = true;
  scalars.write()[FOVEA_SCALAR_SEED] = static_cast<float>((seed ^ (seed >> 24) ^ (seed >> 48)) & exact);
  scalars.write()[FOVEA_SCALAR_CALL] = static_cast<float>(static_cast<uint64_t>(step) & exact);
}

void Session::setLossScale(int64_t count) {
  if (count <= 0)
    throw Error("a training step needs at least one image");
  scalars.write()[FOVEA_SCALAR_LOSS_SCALE] = static_cast<float>(1.0 / static_cast<double>(count));
}

/// The place in the update's batch of the first image that is computed next.
void Session::setPlace(int64_t first) {
  scalars.write()[FOVEA_SCALAR_TRAINING] = drops ? static_cast<float>(1 + first) : 0;
}

void Session::setRates(double lr, double momentumFactor, double weightDecay) {
  scalars.write()[FOVEA_SCALAR_LR] = static_cast<float>(lr);
  scalars.write()[FOVEA_SCALAR_MOMENTUM] = static_cast<float>(momentumFactor);
  scalars.write()[FOVEA_SCALAR_WEIGHT_DECAY] = static_cast<float>(weightDecay);
}

void Session::addTo(SharedFloats &sum, SharedFloats &terms, bool fresh) {
  if (device) {
    const auto to = sum.deviceAddress(),
               from = terms.deviceAddress();
    if (fresh)
      device->copy(to, from, sum.size() * int64_t(sizeof(float)));
    else
      device->add(to, from, sum.size());
    sum.functionWrote();
    return;
  }
  DenormalsAreZero guard;
  float *to = sum.write();
  const float *from = terms.read();
  for (int64_t i = 0; i < sum.size(); ++i)
    to[i] = fresh ? from[i] : to[i] + from[i];
}

void Session::clearMasked(SharedFloats &floats) {
  if (masked.empty())
    return;
  if (device) {
    device->zeroAt(floats.deviceAddress(),
                   maskedIndices.deviceAddress(), maskedIndices.size());
    floats.functionWrote();
    return;
  }
  float *values = floats.write();
  for (int64_t index : masked)
    values[index] = 0;
}

double Session::step(const float *images, const int32_t *labels, int64_t count, float *outputs, Profile *profile) {
  return stepPart(images, labels, count, 0, count, outputs, profile) / static_cast<double>(count);
}

double Session::stepPart(const float *images, const int32_t *labels, int64_t count, int64_t first, int64_t total,
                         float *outputs, Profile *profile) {
  block(ParameterBlock::Gradient);
  setLossScale(total);
  if (count == 0)
    gradients.fillZero();
  double loss = 0;
  int64_t floats = program.gradientFloats;
  bool chunks = false;
  for (int64_t done = 0; done < count;) {
    const FunctionInfo &function = functionFor(stepFunctions, count - done);
    int64_t part = std::min(count - done, function.batch);
    setPlace(first + done);
    run(function, images + done * program.inputElements(), labels + done, part,
        outputs ? outputs + done * program.outputElements() : nullptr, profile);
    loss = std::accumulate(losses.read(), losses.read() + part, loss);
    if (part < count) { // gradients are overwritten by each chunk: add them up in the order of the chunks
      if (sum.size() < floats)
        sum.resize(floats, device.get());
      addTo(sum, gradients, /*fresh=*/!chunks);
      chunks = true;
    }
    done += part;
  }
  if (chunks)
    addTo(gradients, sum, /*fresh=*/true);
  clearMasked(gradients);
  return loss;
}

double Session::stepInParts(const float *images, const int32_t *labels, int64_t count, int64_t whole, int64_t parts,
                            float *outputs) {
  if (partsSum.size() == 0)
    partsSum.resize(program.gradientFloats, device.get());
  double loss = 0;
  for (int64_t part = 0; part < parts; ++part) {
    const Share share = shareOf(whole, part, parts).upTo(count);
    loss += stepPart(images + share.first * program.inputElements(), labels + share.first, share.count(), share.first,
                     count, outputs ? outputs + share.first * program.outputElements() : nullptr);
    addTo(partsSum, gradients, /*fresh=*/part == 0);
  }
  addTo(gradients, partsSum, /*fresh=*/true);
  return loss;
}

void Session::sumGradients(Communicator &communicator) {
  SharedFloats &floats = block(ParameterBlock::Gradient);
  if (device &&
      communicator.sumOnDevice(*device, floats.deviceAddress(), program.gradientFloats))
    floats.functionWrote();
  else
    communicator.sum(floats.write(), program.gradientFloats);
}

void Session::update(double lr, double momentumFactor, double weightDecay, Profile *profile) {
  block(ParameterBlock::Momentum);
  block(ParameterBlock::Gradient);
  setRates(lr, momentumFactor, weightDecay);
  run(functionFor(updateFunctions, 0), nullptr, nullptr, 0, nullptr, profile);
}

double Session::train(const float *images, const int32_t *labels, int64_t count, float *outputs, double lr,
                      double momentumFactor, double weightDecay, Profile *profile,
                      const std::function<void()> &meanwhile) {
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
  run(functionFor(trainFunctions, count), images, labels, count, outputs, profile, meanwhile);
  clearMasked(values);
  clearMasked(momentum);
  return std::accumulate(losses.read(), losses.read() + count, 0.0) / static_cast<double>(count);
}

void Session::feed(const float *images, const int32_t *labels, int64_t count) {
  if (trainFunctions.empty() || count > trainFunctions.front()->batch)
    return;
  Staged &next = staged[1 - now];
  const int64_t floats = count * program.inputElements();
  std::copy_n(images, floats, next.input.write());
  next.input.uploadAhead(floats);
  std::copy_n(labels, count, reinterpret_cast<int32_t *>(next.labels.write()));
  next.labels.uploadAhead(next.labels.size());
  next.fed = images;
  next.count = count;
}

int64_t Session::memoryBytes() const {
  return int64_t(sizeof(float)) *
         (values.size() + gradients.size() + momentum.size() + arena.size() + staged[0].input.size() +
          staged[1].input.size() + stagedOutput.size() + losses.size() + sum.size() + partsSum.size());
}

} // namespace fovea
