// The learning rate as a function of the iteration: Caffe's policies (sgd_solver.cpp) and the half cosine.
#pragma once

#include "runtime/Program.h"

namespace fovea {

/// Rate at `iteration` (from 0) of `total`, from the recipe's base rate:
///   fixed   base
///   step    base gamma^floor(iteration / step)
///   multistep  base gamma^(how many of `at` are reached)
///   exp     base gamma^iteration
///   inv     base (1 + gamma iteration)^-power
///   poly    base (1 - iteration / total)^power
///   on_plateau  base factor^reductions, at least min
///   cosine  min + (base - min) (1 + cos(pi iteration / total)) / 2     (Loshchilov and Hutter 2017)
/// Throws Error for a policy it does not know.
double learningRate(const Recipe::Policy &policy, double base, int64_t iteration, int64_t total,
                    int64_t reductions = 0);

/// What on_plateau remembers: "we divided the learning rate by 10 when the validation error rate stopped improving"
/// (Krizhevsky et al. 2012, section 5).
struct Plateau {
  int64_t reductions = 0; ///< so far
  int64_t best = 0;       ///< most test images right after an epoch
  int64_t waited = 0;     ///< epochs since then, or since the last reduction

  /// After each epoch: more than `patience` epochs without a better result reduce the rate once more, which returns
  /// true. Does nothing under another policy.
  bool observe(const Recipe::Policy &policy, int64_t correct);
};

} // namespace fovea
