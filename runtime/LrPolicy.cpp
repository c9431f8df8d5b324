#include "runtime/LrPolicy.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fovea {

double learningRate(const Recipe::Policy &policy, double base, int64_t iteration, int64_t total, int64_t reductions) {
  double t = static_cast<double>(iteration);
  double part = total > 0 ? std::min(1.0, t / static_cast<double>(total)) : 0;
  if (policy.kind == "fixed")
    return base;
  if (policy.kind == "step")
    return base * std::pow(policy.gamma, policy.step > 0 ? std::floor(t / policy.step) : 0);
  if (policy.kind == "multistep")
    return base * std::pow(policy.gamma,
                           std::count_if(policy.at.begin(), policy.at.end(), [&](double at) { return at <= t; }));
  if (policy.kind == "exp")
    return base * std::pow(policy.gamma, t);
  if (policy.kind == "inv")
    return base * std::pow(1 + policy.gamma * t, -policy.power);
  if (policy.kind == "poly")
    return base * std::pow(1 - part, policy.power);
  if (policy.kind == "cosine")
    return policy.min + (base - policy.min) * (1 + std::cos(std::numbers::pi * part)) / 2;
  if (policy.kind == "on_plateau")
    return std::max(policy.min, base * std::pow(policy.factor, static_cast<double>(reductions)));
  throw Error("the recipe has a learning-rate policy `" + policy.kind +
              "` that this runtime does not know; compile the network again");
}

bool Plateau::observe(const Recipe::Policy &policy, int64_t correct) {
  if (policy.kind != "on_plateau")
    return false;
  const bool better = correct > best;
  best = std::max(best, correct);
  waited = better ? 0 : waited + 1;
  if (static_cast<double>(waited) <= policy.patience)
    return false;
  ++reductions;
  waited = 0;
  return true;
}

} // namespace fovea
