// `check`: whether a device computes what another did, by numbers that any machine can make: parameters and images come
// from a seed. A file of digests takes the place of outputs and gradients, which can be hundreds of megabytes.
#include "runtime/Error.h"
#include "runtime/Init.h"
#include "runtime/Random.h"
#include "runtime/Safetensors.h"
#include "runtime/commands/Commands.h"
#include "runtime/commands/Peak.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace fovea {
namespace {

constexpr uint64_t seed = 1;

/// What is kept of an array: its root mean square, what may be lost to rounding, values at places spread over it, and
/// sums of all of it with signs, each divided by the root of the count, so that they have the size of the values.
using Digest = std::vector<float>;
constexpr size_t samples = 480, sums = 16;

/// A number for a place (Steele et al. 2014: SplitMix64), whose bits are the signs of the sums.
uint64_t mixed(uint64_t place) {
  place += 0x9e3779b97f4a7c15;
  place = (place ^ (place >> 30)) * 0xbf58476d1ce4e5b9;
  place = (place ^ (place >> 27)) * 0x94d049bb133111eb;
  return place ^ (place >> 31);
}

Digest digest(const std::vector<float> &values, float rounding = 0) {
  const size_t count = values.size();
  double squares = 0, signedSums[sums] = {};
  for (size_t index = 0; index < count; ++index) {
    const double value = values[index];
    squares += value * value;
    const uint64_t signs = mixed(index);
    for (size_t sum = 0; sum < sums; ++sum)
      signedSums[sum] += signs >> sum & 1 ? value : -value;
  }
  const double divisor = std::max<double>(1, double(count));
  Digest result{float(std::sqrt(squares / divisor)), rounding};
  for (size_t sample = 0; sample < std::min(samples, count); ++sample)
    result.push_back(values[count <= samples ? sample : sample * count / samples]);
  for (double sum : signedSums)
    result.push_back(float(sum / std::sqrt(divisor)));
  return result;
}

/// The largest difference, in units of the expected values' root mean square. Infinite for what is no number.
double difference(const Digest &expected, const Digest &actual) {
  double worst = 0;
  for (size_t index = 2; index < expected.size(); ++index) {
    const double apart = std::abs(double(expected[index]) - actual[index]);
    if (!std::isfinite(apart))
      return INFINITY;
    worst = std::max(worst, apart - expected[1]);
  }
  return worst == 0 ? 0 : worst / std::max(double(expected[0]), 1e-30);
}

/// Weights that keep sums at the size of what is summed (He et al. 2015), so that all layers matter; biases around 0,
/// and what normalizes around its first value.
void fill(Session &session) {
  session.initialize(seed);
  for (const ParameterInfo &parameter : session.program.parameters) {
    if (!parameter.trainable)
      continue;
    Random random(seed, streamOf("check " + parameter.name));
    std::vector<float> values = initialValues(parameter, seed);
    const double fanIn = double(parameter.elements()) / double(std::max<int64_t>(parameter.shape.front(), 1));
    for (float &value : values) {
      const double drawn = 2 * random.uniform() - 1;
      value = float(parameter.shape.size() > 1 ? drawn * std::sqrt(6 / fanIn) : value + drawn * 0.1);
    }
    session.set(parameter, values.data());
  }
}

std::vector<float> valuesOf(const Session &session, const ParameterInfo &parameter, ParameterBlock block) {
  std::vector<float> values(size_t(parameter.elements()));
  session.get(parameter, values.data(), block);
  return values;
}

using Digests = std::vector<std::pair<std::string, Digest>>;

/// Every function that the program has, each from the same parameters.
Digests compute(Session &session) {
  const Program &program = session.program;
  Digests found;
  AlignedFloats images, outputs;
  std::vector<int32_t> labels;
  auto draw = [&](int64_t batch) {
    images.resize(batch * program.inputElements());
    outputs.resize(batch * program.outputElements());
    labels.resize(size_t(batch));
    Random random(seed, streamOf("check"));
    for (int64_t i = 0; i < images.size(); ++i)
      images.data()[i] = float(random.uniform());
    for (int32_t &label : labels)
      label = int32_t(random.below(uint32_t(program.outputElements())));
  };
  auto keepOutputs = [&](const std::string &name) {
    found.emplace_back(name, digest({outputs.data(), outputs.data() + outputs.size()}));
  };

  fill(session);
  for (const FunctionInfo *function : program.functionsOf(FunctionKind::Infer)) {
    draw(function->batch);
    session.infer(images.data(), function->batch, outputs.data());
    keepOutputs("infer, batch " + std::to_string(function->batch));
  }
  for (const FunctionInfo *function : program.functionsOf(FunctionKind::Step)) {
    const std::string step = "step, batch " + std::to_string(function->batch);
    draw(function->batch);
    const double loss = session.step(images.data(), labels.data(), function->batch, outputs.data());
    found.emplace_back(step + ": loss", digest({float(loss)}));
    keepOutputs(step + ": outputs");
    for (const ParameterInfo &parameter : program.parameters)
      if (parameter.trainable)
        found.emplace_back(step + ": gradient of " + parameter.name,
                           digest(valuesOf(session, parameter, ParameterBlock::Gradient)));
  }
  if (!program.canTrain())
    return found;
  // Two updates: the second's momentum holds the first's.
  const int64_t batch = program.functionsOf(FunctionKind::Step).front()->batch;
  draw(batch);
  std::vector<std::vector<float>> before;
  for (const ParameterInfo &parameter : program.parameters)
    before.push_back(valuesOf(session, parameter, ParameterBlock::Value));
  for (int64_t update = 0; update < 2; ++update) {
    session.drawFor(seed, update);
    session.train(images.data(), labels.data(), batch, outputs.data(), 1e-3, 0.9, 5e-4);
  }
  for (size_t index = 0; index < program.parameters.size(); ++index) {
    const ParameterInfo &parameter = program.parameters[index];
    if (parameter.isConstant())
      continue;
    std::vector<float> change = valuesOf(session, parameter, ParameterBlock::Value);
    float largest = 0;
    for (size_t i = 0; i < change.size(); ++i) {
      largest = std::max(largest, std::abs(change[i]));
      change[i] -= before[index][i];
    }
    found.emplace_back("2 updates, batch " + std::to_string(batch) + ": change of " + parameter.name,
                       digest(change, largest * 0x1p-21f));
  }
  return found;
}

void save(const std::string &path, const Digests &found) {
  std::vector<TensorView> tensors;
  for (const auto &[name, values] : found)
    tensors.push_back({name, {int64_t(values.size())}, values.data()});
  writeSafetensors(path, tensors);
}

} // namespace

int checkCommand(const Program &program, const CheckOptions &options) {
  Session session(program);
  std::optional<Safetensors> expected;
  if (!options.with.empty())
    expected = readSafetensors(options.with);
  const Digests found = compute(session);
  if (!expected) {
    save(options.save, found);
    return 0;
  }
  std::vector<ExpectedTensor> shapes;
  for (const auto &[name, values] : found)
    shapes.push_back({name, {int64_t(values.size())}});
  checkTensors(*expected, shapes, "network " + program.network);

  int64_t failed = 0;
  std::vector<std::pair<std::string, double>> rows;
  for (const auto &[name, values] : found) {
    rows.emplace_back(name, difference(expected->tensors.at(name).values, values));
    failed += !(rows.back().second <= options.tolerance);
  }
  if (options.json) {
    nlohmann::ordered_json root = {{"network", program.network},
                                   {"target", program.target},
                                   {"device", machineName(session.usedDevice())},
                                   {"tolerance", options.tolerance},
                                   {"compared", rows.size()},
                                   {"failed", failed},
                                   {"differences", nlohmann::ordered_json::object()}};
    for (const auto &[name, value] : rows)
      root["differences"][name] = std::isfinite(value) ? nlohmann::ordered_json(value) : nullptr;
    std::printf("%s\n", root.dump().c_str());
    return failed ? 1 : 0;
  }
  for (const auto &[name, value] : rows)
    std::printf("%-50s  %.1e%s\n", name.c_str(), value, value <= options.tolerance ? "" : "  differs");
  std::printf("%s on %s: %zu compared, %lld differ by more than %g of their size\n", program.network.c_str(),
              machineName(session.usedDevice()).c_str(), rows.size(), static_cast<long long>(failed),
              options.tolerance);
  return failed ? 1 : 0;
}

} // namespace fovea
